import SutureJSON
import SutureText
import Testing

@Suite struct JSONParserTests {
  private func error(_ text: String, _ limits: JSONLimits = JSONLimits()) -> JSONError? {
    #expect(throws: JSONError.self) { try JSONParser.parse(text, limits: limits) }
  }

  @Test func `every kind of value is read`() throws {
    let value = try JSONParser.parse(#" {"a": [null, true, false, -1, 2.50, "x"], "b": {}} "#)
    #expect(value["a"]?.arrayValue?.prefix(4) == [nil, true, false, -1])
    #expect(value["a"]?.arrayValue?[4].doubleValue == 2.5)
    #expect(value["a"]?.arrayValue?[5].stringValue == "x")
    #expect(value["b"]?.members?.isEmpty == true)
    #expect(value["c"] == nil)
  }

  @Test func `members keep the order of the document`() throws {
    let value = try JSONParser.parse(#"{"z":1,"a":2,"m":3}"#)
    #expect(value.members?.map(\.key) == ["z", "a", "m"])
  }

  @Test func `numbers that fit 64 bits are integers and all others keep their text`() throws {
    #expect(try JSONParser.parse("9223372036854775807") == .integer(.max))
    #expect(try JSONParser.parse("-9223372036854775808") == .integer(.min))
    for text in [
      "9223372036854775808", "-9223372036854775809", "-0", "1.0", "1e3", "0.10", "123456789012345678901",
    ] {
      guard case .number(let number) = try JSONParser.parse(text) else {
        Issue.record("\(text) became an integer")
        continue
      }
      #expect(number.text == text)
    }
  }

  @Test func `escapes are resolved`() throws {
    let value = try JSONParser.parse(#""\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\uDE00\u0000""#)
    #expect(value.stringValue == "\"\\/\u{8}\u{C}\n\r\tA\u{E9}\u{1F600}\0")
  }

  @Test func `a duplicate key is refused where it stands`() {
    let refused = error(#"{"a":1, "a":2}"#)
    #expect(refused == error(#"{"a":1, "\u0061":2}"#))
    #expect(refused?.offset == 8)
    #expect(refused?.duplicateMember == "a")
    let many = (0..<50).map { "\"k\($0)\":0" }.joined(separator: ",")
    #expect(error("[{\(many),\"k7\":1}]")?.reason == #"the key "k7" a second time"#)
  }

  @Test func `keys that differ only in their normal form are two keys`() throws {
    let value = try JSONParser.parse(#"{"\u00e9":1,"e\u0301":2}"#)
    #expect(value["e\u{301}"] == 2)
    #expect(value.members?.count == 2)
  }

  @Test func `data after the document are refused`() {
    #expect(error("{} x") == error("[] ,"))
    #expect(error("{} x")?.reason == "more data after the document")
    #expect(error("{} x")?.offset == 3)
  }

  @Test func `invalid UTF-8 is refused at its byte`() {
    for bad: [UInt8] in [
      [0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82],
    ] {
      let bytes = Array("[\"ab".utf8) + bad + Array("\\n\"]".utf8)
      let refused = #expect(throws: JSONError.self) { try JSONParser.parse(bytes) }
      #expect(refused?.reason == "invalid UTF-8")
      #expect(refused?.offset == 4)
    }
  }

  @Test(arguments: [
    #""\ud800""#, #""\ud800x""#, #""\ud800\n""#, #""\ud800\u0041""#, #""\udc00""#, #""\ud800\ud800""#,
  ])
  func `a lone surrogate is refused`(text: String) {
    #expect(error(text) == error(text))
    #expect(error(text)?.reason == "an escaped surrogate without its other half")
  }

  @Test(arguments: [#""\x""#, #""\u12""#, #""\u12g4""#, #""\u+123""#])
  func `an unknown escape is refused`(text: String) {
    #expect(error(text)?.reason == "an unknown escape sequence")
    #expect(error(text)?.offset == 1)
  }

  @Test(arguments: ["00", "01", "-01", "[0123]"])
  func `a leading zero is refused`(text: String) {
    #expect(error(text)?.reason == "a number with a leading zero")
  }

  @Test(arguments: [
    "NaN", "Infinity", "-Infinity", "+1", ".5", "1.e3", "1.+", "1e+x", "'a'", "[1,]", "{\"a\":1,}", "{a:1}",
    "{\"a\" 1}", "[1 2]", "True", "nul1", "\u{FEFF}{}", "//", "]", ",",
  ])
  func `what is not JSON is refused`(text: String) {
    #expect(error(text)?.reason.contains(" expected, ") == true)
  }

  @Test func `a control character in a string is refused`() {
    #expect(error("\"a\u{1}\"")?.reason == "an unescaped control character (byte 0x01)")
    #expect(error("\"a\nb\"")?.offset == 2)
  }

  @Test func `every prefix of a document is refused`() {
    let whole = Array(#"{"a":[1.5e+3,true,null,"\u00e9\n"],"b":{"c":false}}"#.utf8)
    for count in 0..<whole.count {
      let refused = #expect(throws: JSONError.self) { try JSONParser.parse(Array(whole[..<count])) }
      #expect(refused?.reason == "it ends too early")
      #expect(refused?.offset == count)
    }
  }

  @Test func `nesting is limited and never overflows the stack`() throws {
    let deepest = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
    _ = try JSONParser.parse(deepest)
    #expect(error("[\(deepest)]")?.reason == "more than 64 nested arrays and objects")
    #expect(
      error(String(repeating: "{\"a\":", count: 1_000_000))?.reason
        == "more than 64 nested arrays and objects")
    #expect(error("[[]]", JSONLimits(depth: 1))?.offset == 1)
  }

  @Test func `the number of values is limited`() throws {
    _ = try JSONParser.parse("[1,2]", limits: JSONLimits(values: 3))
    #expect(error("[1,2,3]", JSONLimits(values: 3))?.reason == "more than 3 values")
  }

  @Test func `an error says what and where`() {
    #expect(error("[1,}")?.description == "byte 3: a value expected, \"}\" found")
    #expect(error("{\"a\":1,\"a\":1}")?.description == "byte 7: the key \"a\" a second time")
  }
}
