import SutureJSON
import TestSupport
import Testing

@Suite struct JSONWriterTests {
  @Test func `compact text has no white space`() {
    let value: JSONValue = ["b": [1, nil, true], "a": ["x": "y"], "e": [], "o": [:]]
    #expect(JSONWriter.text(value) == #"{"b":[1,null,true],"a":{"x":"y"},"e":[],"o":{}}"#)
  }

  @Test func `pretty text has a member a line and plain arrays on one`() {
    let value: JSONValue = ["shape": [2, 3], "empty": [:], "list": [["a": 1], []]]
    let expected = """
      {
        "shape": [2, 3],
        "empty": {},
        "list": [
          {
            "a": 1
          },
          []
        ]
      }
      """
    #expect(JSONWriter.text(value, style: .pretty) == expected)
  }

  @Test func `only what must be escaped is`() {
    let text = "\"\\/\u{8}\u{C}\n\r\t\0\u{1F}\u{7F}é😀"
    #expect(JSONWriter.text(.string(text)) == "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\u{7F}é😀\"")
  }

  @Test func `doubles are written in their shortest form`() {
    #expect(JSONWriter.text(.double(0.1)) == "0.1")
    #expect(JSONWriter.text(.double(3)) == "3.0")
    #expect(JSONWriter.text(.double(1e300)) == "1e+300")
    #expect(JSONWriter.text(.double(-0.0)) == "-0.0")
  }

  @Test func `doubles that JSON does not have become null`() {
    for value in [Double.nan, .infinity, -.infinity] { #expect(JSONValue.double(value) == .null) }
  }

  @Test func `every value reads back as it was written`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    print("seed \(seed)")
    var random = Seeded(seed)
    for _ in 0..<2000 {
      let value = randomValue(depth: 0, &random)
      #expect(try JSONParser.parse(JSONWriter.bytes(value)) == value, "seed \(seed)")
      #expect(try JSONParser.parse(JSONWriter.bytes(value, style: .pretty)) == value, "seed \(seed)")
    }
  }

  @Test func `every finite double reads back as it was written`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    print("seed \(seed)")
    var random = Seeded(seed)
    for _ in 0..<5000 {
      let value = Double(bitPattern: random.next())
      if !value.isFinite { continue }
      let text = JSONWriter.text(.double(value))
      #expect(try JSONParser.parse(text).doubleValue?.bitPattern == value.bitPattern, "seed \(seed)")
    }
  }

  private func randomValue(depth: Int, _ random: inout Seeded) -> JSONValue {
    switch Int.random(in: 0..<(depth < 5 ? 8 : 6), using: &random) {
    case 0: return .null
    case 1: return .bool(.random(using: &random))
    case 2: return .integer(Int(truncatingIfNeeded: random.next()) >> Int.random(in: 0..<64, using: &random))
    case 3: return .double(Double(bitPattern: random.next()))
    case 4, 5: return .string(randomString(&random))
    case 6:
      return .array(
        (0..<Int.random(in: 0..<6, using: &random)).map { _ in randomValue(depth: depth + 1, &random) })
    default:
      let keys = (0..<Int.random(in: 0..<14, using: &random)).map { "\($0):" + randomString(&random) }
      return .object(keys.map { (key: $0, value: randomValue(depth: depth + 1, &random)) })
    }
  }

  private func randomString(_ random: inout Seeded) -> String {
    var text = ""
    for _ in 0..<Int.random(in: 0..<9, using: &random) {
      let limit: UInt32 = [0x20, 0x80, 0x800, 0x10000, 0x110000].randomElement(using: &random) ?? 0x80
      if let scalar = Unicode.Scalar(UInt32.random(in: 0..<limit, using: &random)) {
        text.unicodeScalars.append(scalar)
      }
    }
    return text
  }
}
