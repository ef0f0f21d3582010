import SutureBytes
import SutureJSON
import SutureYAML
import TestSupport
import Testing

@Suite struct ResolutionTests {
  /// What PyYAML made of scalars: the document, the kind, the value.
  private func table() throws -> [[JSONValue]] {
    let source = try FileSource(projectFolder + "/Fixtures/YAML/resolutions.json")
    return try (JSONParser.parse(source.bytes(0..<source.byteCount)).arrayValue ?? []).map {
      $0.arrayValue ?? []
    }
  }

  @Test func `every scalar means what it means to PyYAML`() throws {
    let rows = try table()
    #expect(rows.count > 800)
    for row in rows {
      let document = try #require(row[0].stringValue)
      guard row[1] != "error" else {
        // PyYAML fails on it; here it is refused, or a string with a warning.
        if let node = try? parse(document).sequence?[0] { #expect(node.surprise != nil, "\(document)") }
        continue
      }
      let node = try #require(try parse(document).sequence?[0])
      let value = try #require(node.resolved)
      switch (row[1].stringValue, value) {
      case ("null", .null): break
      case ("bool", .bool(let flag)): #expect(row[2].boolValue == flag, "\(document)")
      case ("int", .int(let number)): #expect(row[2].stringValue == String(number), "\(document)")
      case ("int", .hugeInt): #expect(Int(row[2].stringValue ?? "0") == nil, "\(document)")
      case ("float", .float(let number)): #expect(row[2].stringValue == bits(number), "\(document)")
      case ("string", .string(let text)): #expect(row[2].stringValue == text, "\(document)")
      case ("date", .string): #expect(node.surprise?.contains("is a date") == true, "\(document)")
      default: Issue.record("\(document) is \(value) and not \(row[1].stringValue ?? "") \(row[2])")
      }
    }
  }

  private func bits(_ number: Double) -> String {
    if number.isNaN { return "nan" }
    let digits = String(number.bitPattern, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  @Test(arguments: [
    ("no", "\"no\" is the boolean false to YAML: put it in quotes if the text is meant"),
    ("yes", "\"yes\" is the boolean true"), ("on", "\"on\" is the boolean true"),
    ("Off", "\"Off\" is the boolean false"),
    ("~", "\"~\" is null"), ("1_000", "\"1_000\" is the number 1000 to YAML"),
    ("1_0.5", "is the number 10.5 to YAML"),
    ("010", "\"010\" is octal to YAML, the number 8: write that"),
    ("-017", "is octal to YAML, the number -15"),
    ("12:30", "\"12:30\" is of base 60 to YAML, the number 750"),
    ("1:30.5", "is of base 60 to YAML, the number 90.5"),
    ("0o17", "\"0o17\" is text to YAML 1.1, no octal number: write 15"), ("-0o17", "write -15"),
    ("08", "\"08\" is text to YAML, because of the leading zero: write 8"),
    ("1e5", "\"1e5\" is text to YAML: a number"),
    ("1.5e5", "is text to YAML: a number has a dot"), ("-.5", "is text to YAML"),
    ("2024-01-01", "is a date to YAML"),
    ("=", "has a meaning of its own"), ("<<", "has a meaning of its own"),
    ("0x_", "the beginning of a number"),
  ])
  func `what is not what it looks like says so`(text: String, sentence: String) throws {
    let node = try #require(try parse("- \(text)\n- '\(text)'\n").sequence)
    #expect(node[0].surprise?.contains(sentence) == true, "\(node[0].surprise ?? "nothing")")
    #expect(node[1].surprise == nil)
    #expect(node[1].resolved == .string(text))
  }

  @Test(arguments: [
    "a", "true", "False", "null", "", "1", "-1", "+1", "0", "00", "0x1F", "0b11", "1.5", ".5", "1.", ".inf",
    ".nan", "1.0e+5",
    "norm*", "head.#", "model.0.", "-", "--", ".", "1.2.3", "1-2", "v1", "n", "y", "None", "inf", "1,000",
    "model.{0..3}.",
  ])
  func `what is what it looks like does not surprise`(text: String) throws {
    #expect(try parse("- \(text)").sequence?[0].surprise == nil)
  }
}
