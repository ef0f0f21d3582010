import Glibc
import SutureJSON
import TestSupport
import Testing

/// An example of a schema: a command and what it prints, cut to what fits on a page.
private struct JSONExample {
  let command: String
  let report: JSONValue

  /// - Parameter schema: of the report, or of an object in it.
  init(_ schema: String, _ words: String) throws {
    let folder = try TemporaryFolder()
    let said = try `Reports for programs`.run(words, in: folder)
    let printed =
      schema == "suture.progress/2"
      ? String(said.messages.split(separator: "\n").first { $0.hasPrefix("{") } ?? "") : said.output
    let whole = try JSONParser.parse(Array(printed.utf8))
    report = Self.cut(try #require(Self.find(schema, in: whole)), folder.path)
    command = "suture \(words.split(separator: " ").map(Self.word).joined(separator: " ")) --json"
  }

  private static func find(_ schema: String, in value: JSONValue) -> JSONValue? {
    if value["schema"]?.stringValue == schema { return value }
    return value.members?.lazy.compactMap { find(schema, in: $0.value) }.first
  }

  /// The words of the tests as a reader would write them.
  private static func word(_ word: Substring) -> String {
    let names = [
      ("ADDRESS", "https://example.org/w.pth"), ("ATTO", "convnext_atto_cifar10_ema.pth"),
      ("PART", "part.safetensors"), ("PLAN", "plan.json"), ("EMA", "259_wrap_model_ema.pth"),
      ("OUT", "out"), ("DIR", "dir"), ("norm*", "'norm*'"),
    ]
    return names.reduce(name(String(word))) { $0.replacing($1.0, with: $1.1) }
  }

  private static func name(_ path: String) -> String {
    path.hasPrefix("CORPUS/") || path.hasPrefix("FIXTURES/")
      ? String(path.split(separator: "/").last ?? "") : path
  }

  /// Arrays keep their first element, and objects of any keys their first; paths are those of the command.
  private static func cut(_ value: JSONValue, _ folder: String) -> JSONValue {
    switch value {
    case .array(let elements):
      let areNumbers = elements.count <= 4 && elements.allSatisfy { $0.doubleValue != nil }
      return .array((areNumbers ? elements : Array(elements.prefix(1))).map { cut($0, folder) })
    case .object: return .object((value.members ?? []).map { ($0.key, cut($0.value, folder)) })
    case .string(let text):
      var plain = text.replacing(folder + "/", with: "").replacing(
        /http:\/\/(localhost|127\.0\.0\.1):[0-9]+/, with: "https://example.org")
      plain = plain.replacing(#/\/[^ "]*\/Fixtures\/([^ ":]*\/)?/#, with: "")
      return .string(plain)
    default: return value
    }
  }

  var block: String {
    "`\(command)`:\n\n```json\n\(JSONWriter.text(report, style: .pretty))\n```\n"
  }

  /// What is another from run to run, or from machine to machine.
  private static let volatile: Set = [
    "modified", "id", "digest", "page_bytes", "threads", "seconds", "median_seconds", "prepare_seconds",
    "peak_gflops", "gflops", "gflop", "done", "bytes_per_second", "seconds_left", "requests", "bytes_read",
    "box", "error",
  ]

  /// What an example in the page must have in common with one that is made.
  static func lasting(_ value: JSONValue) -> JSONValue {
    switch value {
    case .number: "a number"
    case .string(let text): .string(text.replacing(/[0-9.]+ m?s\b/, with: "a time"))
    case .array(let elements): .array(elements.map(lasting))
    case .object:
      .object(
        (value.members ?? []).map { key, value in
          (key, volatile.contains(key) && value != .null ? "another each time" : lasting(value))
        })
    default: value
    }
  }
}

extension HelpTests {
  @Test func `every schema has an example, which is what the command prints`() throws {
    let path = projectFolder + "/Sources/Suture/Suture.docc/JSONReports.md"
    var parts = try text(of: path).split(separator: "\n## ", omittingEmptySubsequences: false).map(
      String.init)
    var count = 0
    for place in parts.indices where parts[place].hasPrefix("suture.") {
      let schema = String(parts[place].prefix { $0 != "," && $0 != "\n" })
      let commands = `Reports for programs`.commands
      let nested = ["suture.load/1": "check ATTO --into PART", "suture.progress/2": progress]
      let words = try #require(nested[schema] ?? commands.first { $0.schema == schema }?.words)
      let example = try JSONExample(schema, words)
      count += 1
      let pieces = parts[place].split(separator: "```", omittingEmptySubsequences: false)
      if pieces.count == 3, pieces[1].hasPrefix("json\n"), pieces[0].hasSuffix("`\(example.command)`:\n\n"),
        let shown = try? JSONParser.parse(Array(pieces[1].dropFirst(5).utf8)),
        JSONExample.lasting(shown) == JSONExample.lasting(example.report)
      {
        continue
      }
      #expect(
        getenv("SUTURE_UPDATE_SNAPSHOTS") != nil, "make reference writes the example of \(schema) anew")
      let table = pieces[0].firstRange(of: "\n`suture ").map { pieces[0][..<$0.lowerBound] } ?? pieces[0]
      parts[place] = table.trimmingEnd + "\n\n" + example.block
    }
    #expect(count > 20)
    if getenv("SUTURE_UPDATE_SNAPSHOTS") != nil {
      try write(Array(parts.joined(separator: "\n## ").utf8), to: path)
    }
  }

  private var progress: String { "convert ATTO -o OUT.pth --progress json --hash" }
}

extension Substring {
  fileprivate var trimmingEnd: String { String(reversed().drop { $0 == "\n" }.reversed()) }
}
