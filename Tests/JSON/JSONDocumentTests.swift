import SutureJSON
import SutureText
import Testing

@Suite struct JSONDocumentTests {
  private func document(_ text: String) throws -> JSONDocument { try JSONParser.document(Array(text.utf8)) }

  @Test func `members and elements are walked in their order, whatever lies in them`() throws {
    let document = try document(#" {"a": [1, [2, {"x": 3}], "[{"], "b": {}, "c": -0} "#)
    var keys: [String?] = []
    var kinds: [JSONDocument.Kind] = []
    document.forEachMember(document.root) { key, value in
      keys.append(document.string(key))
      kinds.append(document.kind(value))
      if keys.count > 1 { return }
      var elements: [JSONDocument.Kind] = []
      document.forEachElement(value) { elements.append(document.kind($0)) }
      #expect(elements == [.number, .array, .string])
      #expect(document.count(value) == 3)
    }
    #expect(keys == ["a", "b", "c"])
    #expect(kinds == [.array, .object, .number])
    #expect(document.count(document.root) == 3)
  }

  @Test func `a value is the one that the parser gives`() throws {
    let text = #"{"é":[null,true,false,-12,1.50,9223372036854775807,"\u0041\n"],"o":{"":{}}}"#
    let document = try document(text)
    #expect(document.value(document.root) == (try JSONParser.parse(text)))
    #expect(JSONWriter.text(document.value(document.root)) == text.replacing(#"\u0041"#, with: "A"))
  }

  @Test func `a text is compared with its escapes resolved`() throws {
    let document = try document(#"["shape","sh\u0061pe","shapes","shapf",1]"#)
    var found: [Bool] = []
    document.forEachElement(document.root) { found.append(document.string($0, is: "shape")) }
    #expect(found == [true, true, false, false, false])
  }

  @Test(
    arguments: [
      ("0", 0), ("999999999999999999", 999_999_999_999_999_999), ("9223372036854775807", Int.max),
      ("-9223372036854775808", Int.min), ("-1", -1), ("9223372036854775808", nil), ("-0", nil), ("1.0", nil),
      ("1e2", nil), ("\"1\"", nil), ("[1]", nil),
    ] as [(String, Int?)])
  func `integers that fit are read`(text: String, value: Int?) throws {
    let document = try document(text)
    #expect(document.integer(document.root) == value)
  }

  /// Strings are looked at eight bytes at a time: wherever what ends them lies.
  @Test func `what is not plain in a string is met at every place`() throws {
    for length in 0...40 {
      for special in ["\\n", "é", "\u{7F}", "~", "!"] {
        for place in 0...length {
          let text =
            String(repeating: "a", count: place) + special
            + String(repeating: "b", count: length - place)
          let parsed = try JSONParser.parse("[\"\(text)\",7]")
          #expect(parsed.arrayValue?[0].stringValue == text.replacing("\\n", with: "\n"))
          #expect(parsed.arrayValue?[1] == 7)
        }
      }
      let bytes = Array("\"".utf8) + [UInt8](repeating: 97, count: length) + [0x1F] + Array("bbbbbbbb\"".utf8)
      let refused = #expect(throws: JSONError.self) { try JSONParser.parse(bytes) }
      #expect(refused?.offset == length + 1)
    }
  }

  @Test func `a key that comes twice among thousands is found, however it is spelled`() throws {
    let keys = (0..<3000).map { "\"model.layers.\($0).weight\":{\"a\":[\($0)]}" }.joined(separator: ",")
    _ = try document("{\(keys)}")
    let refused = #expect(throws: JSONError.self) {
      try document("{\(keys),\"model.l\\u0061yers.17.weight\":0}")
    }
    #expect(refused?.duplicateMember == "model.layers.17.weight")
  }
}
