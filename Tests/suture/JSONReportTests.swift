import SutureBytes
import SutureJSON
import TestSupport
import Testing

/// The tables of the documentation's page about reports, and what they forbid.
private struct ReportSchemas {
  /// A row: the path of a key, and what may stand there.
  private struct Row {
    let path: String
    let isOptional: Bool
    let types: [String]
  }

  private var tables: [String: [Row]] = [:]

  init() throws {
    let file = try FileSource(projectFolder + "/Sources/Suture/Suture.docc/JSONReports.md")
    var names: [String] = []
    for line in String(decoding: try file.bytes(0..<file.byteCount), as: UTF8.self).split(separator: "\n") {
      if line.hasPrefix("## ") {
        names = line.dropFirst(3).split(separator: ",").map(\.trimmed)
        for name in names where name.hasPrefix("suture.") {
          tables[name] = [
            Row(path: "schema", isOptional: false, types: ["string"]),
            Row(path: "requests", isOptional: true, types: ["integer"]),
            Row(path: "bytes_read", isOptional: true, types: ["integer"]),
          ]
        }
      }
      guard line.hasPrefix("| `") else { continue }
      let cells = line.split(separator: "|", omittingEmptySubsequences: false).dropFirst()
      let types = cells.dropFirst().first?.split(separator: " or ").map(\.trimmed) ?? []
      for key in cells.first?.split(separator: ",") ?? [] {
        let rows = Self.rows(key.filter { $0 != " " && $0 != "`" }, types)
        for name in names { tables[name, default: []] += rows }
      }
    }
    tables = tables.mapValues { rows in rows.reduce(into: rows, Self.addContainers) }
  }

  /// Adds what has rows for its members alone: an object that is always there, or an array of them.
  private static func addContainers(_ rows: inout [Row], of row: Row) {
    let keys = row.path.split(separator: ".")
    for end in keys.indices.dropFirst() {
      let path = keys[..<end].joined(separator: ".")
      guard !rows.contains(where: { $0.path == path }) else { continue }
      let isArray = path.hasSuffix("[]")
      rows += Self.rows(isArray ? String(path.dropLast(2)) : path, [isArray ? "[object]" : "object"])
    }
  }

  /// The row of a key, and one of the elements where it may be an array of a type: `[string]`.
  private static func rows(_ key: String, _ types: [String]) -> [Row] {
    let path = key.hasSuffix("?") ? String(key.dropLast()) : key
    let elements = types.filter { $0.hasPrefix("[") }.map { String($0.dropFirst().dropLast()) }
    let row = Row(
      path: path, isOptional: key.hasSuffix("?"), types: types.map { $0.hasPrefix("[") ? "array" : $0 })
    return [row] + (elements.isEmpty ? [] : rows(path + "[]", elements))
  }

  var names: [String] { tables.keys.filter { $0.hasPrefix("suture.") }.sorted() }

  /// Keys that are not as programs spell them.
  var misspelled: [String] {
    tables.values.joined().map(\.path).filter { $0.wholeMatch(of: /[a-z0-9_.*\[\]]+/) == nil }
  }

  /// The rows of a table, with those of the tables that it takes over.
  private func rows(_ table: String) -> [Row] {
    (tables[table] ?? []).flatMap { $0.path == "..." ? rows($0.types[0]) : [$0] }
  }

  /// What a report does against its table.
  func problems(_ report: JSONValue) -> [String] {
    guard let schema = report["schema"]?.stringValue, tables[schema] != nil else {
      return ["no table for \(JSONWriter.text(report).prefix(80))"]
    }
    return problems(report, "", rows(schema), schema)
  }

  private func problems(_ value: JSONValue, _ path: String, _ rows: [Row], _ table: String) -> [String] {
    if let members = value.members {
      let prefix = path.isEmpty ? "" : path + "."
      func row(_ key: String) -> Row? {
        rows.first { $0.path == prefix + key } ?? rows.first { $0.path == prefix + "*" }
      }
      let missing = rows.filter { row in
        guard !row.isOptional, row.path.hasPrefix(prefix) else { return false }
        let key = row.path.dropFirst(prefix.count)
        return !key.contains(".") && !key.contains("[") && key != "*" && value[String(key)] == nil
      }
      return missing.map { "\(table): \($0.path) is missing" }
        + members.flatMap { key, value in
          row(key).map { problems(value, $0, rows, table) } ?? [
            "\(table): \(prefix)\(key) is not in the table"
          ]
        }
    }
    guard let elements = value.arrayValue, !elements.isEmpty else { return [] }
    guard let row = rows.first(where: { $0.path == path + "[]" }) else {
      return ["\(table): \(path)[] is not in the table"]
    }
    return elements.flatMap { problems($0, row, rows, table) }
  }

  private func problems(_ value: JSONValue, _ row: Row, _ rows: [Row], _ table: String) -> [String] {
    let type =
      switch value {
      case .null: "null"
      case .bool: "boolean"
      case .integer: "integer"
      case .number: "number"
      case .string: "string"
      case .array: "array"
      case .object: "object"
      }
    if row.types.contains(type) || row.types == ["any"] { return problems(value, row.path, rows, table) }
    if type == "integer", row.types.contains("number") { return [] }
    if type == "object", let name = row.types.first(where: { tables[$0] != nil }) {
      return problems(value, "", self.rows(name), name)
    }
    return ["\(table): \(row.path) is \(type), not \(row.types.joined(separator: " or "))"]
  }
}

extension Substring {
  fileprivate var trimmed: String { String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
}

@Suite struct `Reports for programs` {
  static let fixtures = projectFolder + "/Fixtures/"
  static let atto = fixtures + "convnext-atto-cifar10/convnext_atto_cifar10_ema.pth"

  /// The words of commands, with the schema that they print.
  ///
  /// ATTO is a ConvNeXt, PART its head under other values, PLAN one of parts, EMA has
  /// several state dicts, OUT a new file and DIR a new folder.
  static let commands: [(words: String, schema: String, code: Int32)] = [
    ("inspect ATTO norm* --sha256 --stats --storages", "suture.inspect/1", 0),
    ("inspect EMA", "suture.inspect/1", 0),
    ("print ATTO head.bias", "suture.print/1", 0), ("print ATTO head.bias none", "suture.print/1", 1),
    ("print CORPUS/412_conj_complex32.pth *", "suture.print/1", 0),
    ("inspect CORPUS/271_yolov5_style.pt", "suture.inspect/1", 0),
    ("inspect CORPUS/229_sparse_coo.pth --sha256", "suture.inspect/1", 0),
    ("inspect CORPUS/238_meta.pth --sha256", "suture.inspect/1", 0),
    ("inspect CORPUS/412_conj_complex32.pth", "suture.inspect/1", 0),
    ("inspect ATTO --into FIXTURES/YOLOv5/yolov5_convnext_tiny.yaml", "suture.inspect/1", 0),
    ("check ATTO", "suture.check/1", 0), ("check ATTO --into PART", "suture.check/1", 1),
    ("check ATTO --into FIXTURES/YOLOv5/yolov5_convnext_tiny.yaml", "suture.check/1", 1),
    ("check CORPUS/022_zip_bitflip_storage.pth", "suture.check/1", 1),
    ("check CORPUS/062_sevenzip.pth", "suture.error/1", 1),
    ("convert ATTO -o OUT.pth --dtype float16", "suture.convert/1", 0),
    ("convert ATTO -o OUT.safetensors -n", "suture.convert/1", 0),
    ("plan ATTO -o OUT/ --format pth --max-shard-size 4MB --parts 2", "suture.parts/1", 0),
    ("apply PLAN --part 1/2", "suture.apply/1", 0), ("apply PLAN --missing", "suture.apply/1", 0),
    ("apply PLAN --finalize", "suture.error/1", 5),
    ("convert ATTO -o OUT.safetensors --format pth", "suture.error/1", 2),
    ("convert ATTO -o DIR/ --max-shard-size 5MB --format pth --extras drop", "suture.convert/1", 0),
    ("convert ATTO --out-dir DIR", "suture.convert/1", 0),
    ("convert CORPUS/062_sevenzip.pth --out-dir DIR", "suture.error/1", 3),
    ("edit ATTO -o OUT.pth --drop norm*", "suture.edit/1", 0),
    ("edit ATTO -n --drop norm*", "suture.plan/1", 0),
    ("graft ATTO --from PART -o OUT.pth", "suture.graft/1", 0),
    ("graft ATTO --from PART -o OUT.pth -n", "suture.graft/1", 0),
    ("build FIXTURES/YOLOv5/yolov5_convnext_atto.yaml -n", "suture.build/1", 0),
    ("build FIXTURES/YOLOv5/yolov5_convnext_atto.yaml --backbone ATTO -o OUT.pt", "suture.build/1", 0),
    ("presets", "suture.presets/1", 0), ("modules", "suture.modules/1", 0),
    ("modules SPPF Detect", "suture.modules/1", 0), ("modules C33", "suture.error/1", 2),
    ("fetch --list", "suture.published/1", 0), ("fetch ADDRESS -o OUT.pth", "suture.fetch/1", 0),
    ("inspect ADDRESS", "suture.inspect/1", 0), ("check ADDRESS", "suture.check/1", 0),
    ("fetch convnext_tiny_3k", "suture.error/1", 2), ("inspect ADDRESS/none", "suture.error/1", 8),
    ("diff ATTO ADDRESS --shapes", "suture.diff/1", 0), ("diff ATTO PART", "suture.diff/1", 1),
    ("diff ATTO PART --atol 1 --by 1", "suture.diff/1", 1),
    ("report ATTO -o OUT.html", "suture.report/1", 0),
    ("report PART --against ATTO -o OUT.html", "suture.report/1", 0),
    ("report CORPUS/022_zip_bitflip_storage.pth -o OUT.html", "suture.report/1", 1),
    ("report ATTO -o PART", "suture.error/1", 7),
    ("report CORPUS/062_sevenzip.pth -o OUT.html", "suture.error/1", 3),
    ("why PART head.bias", "suture.why/1", 0), ("why ATTO head.bias", "suture.why/1", 1),
    ("verify ATTO --image FIXTURES/Photos/chelsea.png", "suture.verify/1", 0),
    ("bench ATTO --size 32 --rounds 1 -v", "suture.bench/2", 0),
    // Failures.
    ("print ATTO *", "suture.error/1", 5), ("print CORPUS/229_sparse_coo.pth *", "suture.error/1", 3),
    ("inspect", "suture.error/1", 2), ("frobnicate", "suture.error/1", 2),
    ("inspect ATTO --nothing", "suture.error/1", 2), ("inspect OUT.none", "suture.error/1", 3),
    ("inspect CORPUS/062_sevenzip.pth", "suture.error/1", 3),
    ("convert ATTO -o PART", "suture.error/1", 7), ("edit ATTO -o OUT.pth --drop Norm*", "suture.error/1", 5),
    ("graft ATTO --from EMA -o OUT.pth", "suture.error/1", 5), ("presets nothing", "suture.error/1", 2),
    ("diff ATTO OUT.none", "suture.error/1", 3), ("why ATTO nothing", "suture.error/1", 2),
    ("verify EMA", "suture.error/1", 6), ("bench EMA", "suture.error/1", 6),
    ("check ATTO --key x", "suture.error/1", 2),
  ]

  /// Schemas of objects that stand in other reports.
  static let nested = ["suture.load/1", "suture.write/1"]

  @Test(arguments: commands)
  func `are what the documentation says`(words: String, schema: String, code: Int32) throws {
    let folder = try TemporaryFolder()
    let said = try Self.run(words, in: folder)
    #expect(said.code == code, "\(said.messages)")
    let report = try JSONParser.parse(Array(said.output.utf8))
    #expect(report["schema"]?.stringValue == schema)
    #expect(try ReportSchemas().problems(report) == [])
    if schema == "suture.error/1" {
      #expect(report["exit_code"]?.integerValue == Int(code))
      #expect(said.messages.contains(report["reason"]?.stringValue ?? "nothing"), "\(said.messages)")
    }
  }

  /// What the words stand for, which are those of ``commands``, in a folder that is new.
  static func run(_ words: String, in folder: TemporaryFolder) throws -> Said {
    let part = folder.path + "/part.safetensors"
    if words.contains("PART") {
      #expect(try suture("edit", atto, "-o", part, "--keep", "head.*", "--fill", "*=0.5").code == 0)
    }
    let plan = folder.path + "/plan.json"
    if words.contains("PLAN") {
      let said = try suture("plan", atto, "-o", folder.path + "/parts/", "--format", "pth", "--parts", "2")
      try write(Array(said.output.utf8), to: plan)
    }
    let weights = try contents(of: atto)
    let server = LoopbackServer { request, _ in
      request.path.hasSuffix("none") ? .init(404) : .file(weights, request)
    }
    let paths = [
      ("ADDRESS", server.address + "/w.pth"), ("CORPUS", fixtures + "Corpus"),
      ("FIXTURES", fixtures), ("ATTO", atto), ("PART", part), ("PLAN", plan),
      ("EMA", fixtures + "Corpus/259_wrap_model_ema.pth"), ("OUT", folder.path + "/out"),
      ("DIR", folder.path + "/dir"),
    ]
    let line = words.split(separator: " ").map { word in
      paths.reduce(String(word)) { $0.replacing($1.0, with: $1.1) }
    }
    defer {
      for name in (try? fileNames(in: folder.path + "/dir")) ?? [] {
        removeFile(folder.path + "/dir/" + name)
      }
      removeFolder(folder.path + "/dir")
    }
    return try suture(line + ["--json"])
  }

  @Test func `of progress are lines on standard error`() throws {
    let folder = try TemporaryFolder()
    let said = try suture(
      "convert", Self.atto, "-o", folder.path + "/out.pth", "--progress", "json", "--hash")
    let reports = said.messages.split(separator: "\n").filter { $0.hasPrefix("{") }
    #expect(!reports.isEmpty)
    for report in reports {
      #expect(try ReportSchemas().problems(try JSONParser.parse(Array(report.utf8))) == [])
    }
  }

  @Test func `are all described, in keys of small letters, and all tried`() throws {
    let schemas = try ReportSchemas()
    #expect(schemas.misspelled == [])
    #expect(Set(schemas.names) == Set(Self.commands.map(\.schema) + Self.nested + ["suture.progress/2"]))
  }
}
