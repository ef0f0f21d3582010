import SutureBytes
import SutureCheckpoints
import SutureTensors
import SutureText
import Testing

/// One test for each way in which a file is refused.
@Suite struct SafetensorsRejectionTests {
  private func refusal(_ bytes: [UInt8]) -> SafetensorsError? {
    #expect(throws: SafetensorsError.self) {
      try SafetensorsFile(MemorySource(bytes, name: "model.safetensors"))
    }
  }

  private func refusal(_ header: String, data: Int = 0) -> SafetensorsError? {
    refusal(safetensors(header, data: data))
  }

  @Test func `every truncation of a file is refused`() throws {
    let header =
      "{\(entry("a", shape: "[3]", 0, 3)),\"__metadata__\":{\"k\":\"v\"},\(entry("b", shape: "[4]", 3, 7))}"
    let whole = safetensors(header, data: 7)
    _ = try SafetensorsFile(MemorySource(whole))
    for count in 0..<whole.count {
      #expect(refusal(Array(whole[..<count]))?.isTruncation == true, "\(count) bytes")
    }
  }

  @Test func `a file shorter than the length of a header is refused`() {
    #expect(refusal([1, 2, 3, 4, 5, 6, 7])?.cause == .noHeaderLength(byteCount: 7))
  }

  @Test func `a header over the limit is refused before it is read`() {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: UInt64(100_000_001))
    #expect(refusal(bytes + [0x7B])?.cause == .headerTooLarge(100_000_001, limit: 100_000_000))
  }

  @Test func `a header length of 2 to the 63 is refused`() {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: UInt64(1) << 63)
    #expect(refusal(bytes + [0x7B])?.cause == .headerTooLarge(1 << 63, limit: 100_000_000))
  }

  @Test func `a header that is not JSON is refused with the byte of the file`() {
    let error = refusal("{\"a\";1}")
    #expect(error?.offset == 8 + 4)
    guard case .malformedJSON = error?.cause else {
      Issue.record("another reason")
      return
    }
  }

  @Test func `a header that is no object is refused`() {
    #expect(refusal("[1]")?.cause == .notAnObject(found: "an array"))
  }

  @Test func `a header of invalid UTF-8 is refused`() {
    #expect(refusal(safetensors(Array("{\"".utf8) + [0xFF] + Array("\":1}".utf8)))?.offset == 8 + 2)
  }

  @Test func `a deeply nested header is refused`() {
    let header = String(repeating: "{\"a\":", count: 500_000)
    guard case .malformedJSON = refusal(header)?.cause else {
      Issue.record("another reason")
      return
    }
  }

  @Test func `metadata that are no object are refused`() {
    #expect(refusal(#"{"__metadata__":[]}"#)?.cause == .malformedMetadata(key: nil, found: "an array"))
  }

  @Test func `metadata that are no strings are refused`() {
    #expect(
      refusal(#"{"__metadata__":{"n":3}}"#)?.cause == .malformedMetadata(key: "n", found: "an integer"))
  }

  @Test func `a name that comes twice is refused`() {
    let error = refusal("{\(entry("a", shape: "[1]", 0, 1)),\(entry("a", shape: "[1]", 1, 2))}", data: 2)
    #expect(error?.cause == .duplicateName)
    #expect(error?.tensor == "a")
  }

  @Test func `a field that comes twice is refused but not as a name`() {
    let error = refusal(#"{"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}"#, data: 1)
    guard case .malformedJSON = error?.cause else {
      Issue.record("another reason")
      return
    }
  }

  @Test(arguments: ["dtype", "shape", "data_offsets"])
  func `an entry without one of its fields is refused`(field: String) {
    let fields = [("dtype", "\"U8\""), ("shape", "[1]"), ("data_offsets", "[0,1]")]
    let others = fields.filter { $0.0 != field }.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",")
    let error = refusal("{\"w\":{\(others)}}", data: 1)
    #expect(error?.cause == .missingField(field))
    #expect(error?.tensor == "w")
  }

  @Test(arguments: ["[1]", "3", "\"x\"", "null", "[\"U8\",[1],[0,1]]"])
  func `an entry that is no object is refused`(text: String) {
    #expect(refusal("{\"w\":\(text)}", data: 1)?.cause == .missingField("dtype"))
  }

  @Test func `a dtype that is no string is refused`() {
    let error = refusal(#"{"w":{"dtype":8,"shape":[1],"data_offsets":[0,1]}}"#, data: 1)
    #expect(error?.cause == .malformedField("dtype", expected: "a string"))
  }

  @Test func `half a byte of F4 is refused`() {
    let error = refusal("{\(entry("w", "F4", shape: "[2, 3]", 0, 3))}", data: 3)
    #expect(error?.description.contains("share a byte") == true)
  }

  @Test func `a part of a byte of F6 is refused`() {
    let error = refusal("{\(entry("w", "F6_E2M3", shape: "[3]", 0, 3))}", data: 3)
    #expect(error?.description.contains("four F6_E2M3 numbers share three") == true)
  }

  @Test(arguments: ["F6_E4M1", "f32", "C128", ""])
  func `a dtype that cannot be read is refused by its name`(dtype: String) {
    let error = refusal("{\(entry("w", dtype, shape: "[4]", 0, 2))}", data: 2)
    #expect(error?.cause == .unknownDType(dtype))
    #expect(error?.description.contains("\"\(dtype)\"") == true)
  }

  @Test(arguments: [
    "4", "[-4]", "[4.0]", "[4e0]", "[-0]", "[\"4\"]", "[9223372036854775808]", "[[4]]", "null",
  ])
  func `a shape of anything but whole numbers is refused`(shape: String) {
    guard case .malformedField("shape", _) = refusal("{\(entry("w", shape: shape, 0, 4))}", data: 4)?.cause
    else {
      Issue.record("another reason")
      return
    }
  }

  @Test(arguments: [
    "[0.0,4.0]", "[-4,0]", "[0]", "[]", "[0,4,4]", "4", "[\"0\",\"4\"]",
    "[9223372036854775808,9223372036854775824]",
  ])
  func `offsets that are not two whole numbers are refused`(offsets: String) {
    let error = refusal("{\"w\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":\(offsets)}}", data: 4)
    guard case .malformedField("data_offsets", _) = error?.cause else {
      Issue.record("another reason")
      return
    }
  }

  @Test func `offsets that run backwards are refused`() {
    let error = refusal("{\(entry("w", shape: "[4]", 4, 0))}", data: 4)
    #expect(error?.cause == .reversedOffsets(begin: 4, end: 0))
  }

  @Test func `a shape that does not fit its offsets is refused`() {
    let error = refusal("{\(entry("w", "F32", shape: "[5]", 0, 16))}", data: 16)
    #expect(error?.cause == .sizeMismatch(shape: [5], dtype: .float32, needed: 20, declared: 16))
  }

  @Test func `a shape whose product overflows is refused even where a zero follows`() {
    let shape = [1 << 62, 1 << 62, 0]
    #expect(refusal("{\(entry("w", shape: "\(shape)", 0, 0))}")?.cause == .sizeOverflow(shape: shape))
  }

  @Test func `a shape whose size in bytes overflows is refused`() {
    let error = refusal("{\(entry("w", "F32", shape: "[\(Int.max)]", 0, 0))}")
    #expect(error?.cause == .sizeOverflow(shape: [.max]))
  }

  @Test func `an empty shape whose strides overflow is refused`() {
    let shape = [0, 1 << 62, 1 << 62]
    #expect(refusal("{\(entry("w", shape: "\(shape)", 0, 0))}")?.cause == .sizeOverflow(shape: shape))
  }

  @Test func `more dimensions than can be handled are refused`() {
    let shape = [Int](repeating: 1, count: 65)
    #expect(
      refusal("{\(entry("w", shape: "\(shape)", 0, 1))}", data: 1)?.cause
        == .tooManyDimensions(65, limit: 64))
  }

  @Test func `a hole between tensors is refused`() {
    let error = refusal("{\(entry("a", shape: "[2]", 0, 2)),\(entry("b", shape: "[2]", 5, 7))}", data: 7)
    #expect(error?.cause == .hole(byteCount: 3))
    #expect(error?.tensor == "b")
  }

  @Test func `a hole before the first tensor is refused`() {
    #expect(refusal("{\(entry("a", shape: "[2]", 1, 3))}", data: 3)?.cause == .hole(byteCount: 1))
  }

  @Test func `an empty tensor inside another is refused`() {
    let error = refusal("{\(entry("a", shape: "[4]", 0, 4)),\(entry("b", shape: "[0]", 2, 2))}", data: 4)
    #expect(error?.cause == .overlap(byteCount: 2))
  }

  @Test func `an offset at the end of all numbers is refused`() {
    let error = refusal("{\(entry("a", shape: "[0]", .max, .max))}")
    #expect(error?.cause == .hole(byteCount: .max))
    #expect(error?.offset == nil)
  }

  @Test func `tensors that overlap are refused`() {
    let error = refusal("{\(entry("a", shape: "[4]", 0, 4)),\(entry("b", shape: "[4]", 2, 6))}", data: 6)
    #expect(error?.cause == .overlap(byteCount: 2))
    #expect(error?.tensor == "b")
  }

  @Test func `data shorter than the header says are refused`() {
    let error = refusal("{\(entry("a", shape: "[4]", 0, 4))}", data: 3)
    #expect(error?.cause == .truncatedData(needed: 4, available: 3))
  }

  @Test func `bytes after the last tensor are refused`() {
    #expect(refusal("{\(entry("a", shape: "[4]", 0, 4))}", data: 6)?.cause == .trailingData(byteCount: 2))
    #expect(refusal("{}", data: 1)?.cause == .trailingData(byteCount: 1))
  }

  @Test func `an error says what is wrong where and what to do`() {
    let error = refusal("{\(entry("a", shape: "[2]", 0, 2)),\(entry("b", shape: "[2]", 5, 7))}", data: 7)
    #expect(
      error?.description
        == "model.safetensors: b: byte 118: 3 bytes before its data belong to no tensor\n"
        + "  the file is malformed: get it again, or write it anew with the program that made it")
  }
}
