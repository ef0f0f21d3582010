import SutureBytes
import SutureCheckpoints
import SutureTensors
import SutureText
import Testing

/// One test for each way in which a file is refused.
@Suite struct SafetensorsRejectionTests {
  private func refusal(_ bytes: [UInt8]) -> Failure? {
    #expect(throws: Failure.self) {
      try SafetensorsFile(MemorySource(bytes, name: "model.safetensors"))
    }
  }

  private func refusal(_ header: String, data: Int = 0) -> Failure? {
    refusal(safetensors(header, data: data))
  }

  @Test func `every truncation of a file is refused`() throws {
    let header =
      "{\(entry("a", shape: "[3]", 0, 3)),\"__metadata__\":{\"k\":\"v\"},\(entry("b", shape: "[4]", 3, 7))}"
    let whole = safetensors(header, data: 7)
    _ = try SafetensorsFile(MemorySource(whole))
    for count in 0..<whole.count {
      #expect(
        refusal(Array(whole[..<count]))?.remedies == ["the file is incomplete: download or copy it again"],
        "\(count) bytes")
    }
  }

  @Test func `a file shorter than the length of a header is refused`() {
    #expect(
      refusal([1, 2, 3, 4, 5, 6, 7])?.reason == "the file has 7 bytes, and the length of a header takes 8")
  }

  @Test func `a header over the limit is refused before it is read`() {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: UInt64(100_000_001))
    #expect(
      refusal(bytes + [0x7B])?.reason
        == "the header is said to have 100000001 bytes, and the format allows 100000000")
  }

  @Test func `a name of more than a megabyte is refused, and the limit told`() {
    let name = String(repeating: "n", count: (1 << 20) + 1)
    let error = refusal(#"{"\#(name)":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#)
    #expect(error?.reason == "the name of a tensor has 1048577 bytes")
    #expect(error?.remedies.map { "\($0)" }.joined().contains("key-bytes=N") == true)
  }

  @Test func `a header length of 2 to the 63 is refused`() {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: UInt64(1) << 63)
    #expect(
      refusal(bytes + [0x7B])?.reason
        == "the header is said to have 9223372036854775808 bytes, and the format allows 100000000")
  }

  @Test func `a header that is not JSON is refused with the byte of the file`() {
    let error = refusal("{\"a\";1}")
    #expect(error?.place.byteOffset == 8 + 4)
    #expect(error?.reason.hasPrefix("the header's JSON is refused: ") == true)
  }

  @Test func `a header that is no object is refused`() {
    #expect(refusal("[1]")?.reason == "the header is an array, not a JSON object")
  }

  @Test func `a header of invalid UTF-8 is refused`() {
    #expect(refusal(safetensors(Array("{\"".utf8) + [0xFF] + Array("\":1}".utf8)))?.place.byteOffset == 8 + 2)
  }

  @Test func `a deeply nested header is refused`() {
    let header = String(repeating: "{\"a\":", count: 500_000)
    #expect(refusal(header)?.reason.hasPrefix("the header's JSON is refused: ") == true)
  }

  @Test func `metadata that are no object are refused`() {
    #expect(
      refusal(#"{"__metadata__":[]}"#)?.reason == #""__metadata__" is an array, not an object of strings"#)
  }

  @Test func `metadata that are no strings are refused`() {
    #expect(
      refusal(#"{"__metadata__":{"n":3}}"#)?.reason == #"the metadata's "n" is an integer, not a string"#)
  }

  @Test func `a name that comes twice is refused`() {
    let error = refusal("{\(entry("a", shape: "[1]", 0, 1)),\(entry("a", shape: "[1]", 1, 2))}", data: 2)
    #expect(error?.reason == "the header has this name twice")
    #expect(error?.place.path == "a")
  }

  @Test func `a field that comes twice is refused but not as a name`() {
    let error = refusal(#"{"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}"#, data: 1)
    #expect(error?.reason.hasPrefix("the header's JSON is refused: ") == true)
  }

  @Test(arguments: ["dtype", "shape", "data_offsets"])
  func `an entry without one of its fields is refused`(field: String) {
    let fields = [("dtype", "\"U8\""), ("shape", "[1]"), ("data_offsets", "[0,1]")]
    let others = fields.filter { $0.0 != field }.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",")
    let error = refusal("{\"w\":{\(others)}}", data: 1)
    #expect(error?.reason == "its entry has no \"\(field)\"")
    #expect(error?.place.path == "w")
  }

  @Test(arguments: ["[1]", "3", "\"x\"", "null", "[\"U8\",[1],[0,1]]"])
  func `an entry that is no object is refused`(text: String) {
    #expect(refusal("{\"w\":\(text)}", data: 1)?.reason == #"its entry has no "dtype""#)
  }

  @Test func `a dtype that is no string is refused`() {
    let error = refusal(#"{"w":{"dtype":8,"shape":[1],"data_offsets":[0,1]}}"#, data: 1)
    #expect(error?.reason == #"its "dtype" is not a string"#)
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
    #expect(error?.reason == "the dtype \"\(dtype)\" is not one that can be read here")
    #expect(error?.description.contains("\"\(dtype)\"") == true)
  }

  @Test(arguments: [
    "4", "[-4]", "[4.0]", "[4e0]", "[-0]", "[\"4\"]", "[9223372036854775808]", "[[4]]", "null",
  ])
  func `a shape of anything but whole numbers is refused`(shape: String) {
    let error = refusal("{\(entry("w", shape: shape, 0, 4))}", data: 4)
    #expect(error?.reason.hasPrefix(#"its "shape" is not a list of whole numbers"#) == true)
  }

  @Test(arguments: [
    "[0.0,4.0]", "[-4,0]", "[0]", "[]", "[0,4,4]", "4", "[\"0\",\"4\"]",
    "[9223372036854775808,9223372036854775824]",
  ])
  func `offsets that are not two whole numbers are refused`(offsets: String) {
    let error = refusal("{\"w\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":\(offsets)}}", data: 4)
    #expect(error?.reason.hasPrefix(#"its "data_offsets" is not two whole numbers"#) == true)
  }

  @Test func `offsets that run backwards are refused`() {
    let error = refusal("{\(entry("w", shape: "[4]", 4, 0))}", data: 4)
    #expect(error?.reason == "its data begin at 4 and end before that, at 0")
  }

  @Test func `a shape that does not fit its offsets is refused`() {
    let error = refusal("{\(entry("w", "F32", shape: "[5]", 0, 16))}", data: 16)
    #expect(error?.reason == "its shape [5] of float32 takes 20 bytes, and its offsets span 16")
  }

  @Test func `a shape whose product overflows is refused even where a zero follows`() {
    let shape = [1 << 62, 1 << 62, 0]
    #expect(
      refusal("{\(entry("w", shape: "\(shape)", 0, 0))}")?.reason
        == "the size of its shape \(shape) overflows 64 bits")
  }

  @Test func `a shape whose size in bytes overflows is refused`() {
    let error = refusal("{\(entry("w", "F32", shape: "[\(Int.max)]", 0, 0))}")
    #expect(error?.reason == "the size of its shape [\(Int.max)] overflows 64 bits")
  }

  @Test func `an empty shape whose strides overflow is refused`() {
    let shape = [0, 1 << 62, 1 << 62]
    #expect(
      refusal("{\(entry("w", shape: "\(shape)", 0, 0))}")?.reason
        == "the size of its shape \(shape) overflows 64 bits")
  }

  @Test func `more dimensions than can be handled are refused`() {
    let shape = [Int](repeating: 1, count: 65)
    #expect(
      refusal("{\(entry("w", shape: "\(shape)", 0, 1))}", data: 1)?.reason
        == "it has 65 dimensions, and 64 are supported")
  }

  @Test func `a hole between tensors is refused`() {
    let error = refusal("{\(entry("a", shape: "[2]", 0, 2)),\(entry("b", shape: "[2]", 5, 7))}", data: 7)
    #expect(error?.reason == "3 bytes before its data belong to no tensor")
    #expect(error?.place.path == "b")
  }

  @Test func `a hole before the first tensor is refused`() {
    #expect(
      refusal("{\(entry("a", shape: "[2]", 1, 3))}", data: 3)?.reason
        == "1 bytes before its data belong to no tensor")
  }

  @Test func `an empty tensor inside another is refused`() {
    let error = refusal("{\(entry("a", shape: "[4]", 0, 4)),\(entry("b", shape: "[0]", 2, 2))}", data: 4)
    #expect(error?.reason == "its data overlap those of the tensor before by 2 bytes")
  }

  @Test func `an offset at the end of all numbers is refused`() {
    let error = refusal("{\(entry("a", shape: "[0]", .max, .max))}")
    #expect(error?.reason == "\(Int.max) bytes before its data belong to no tensor")
    #expect(error?.place.byteOffset == nil)
  }

  @Test func `tensors that overlap are refused`() {
    let error = refusal("{\(entry("a", shape: "[4]", 0, 4)),\(entry("b", shape: "[4]", 2, 6))}", data: 6)
    #expect(error?.reason == "its data overlap those of the tensor before by 2 bytes")
    #expect(error?.place.path == "b")
  }

  @Test func `data shorter than the header says are refused`() {
    let error = refusal("{\(entry("a", shape: "[4]", 0, 4))}", data: 3)
    #expect(error?.reason == "the header describes 4 bytes of tensors, and 3 follow it")
  }

  @Test func `bytes after the last tensor are refused`() {
    #expect(
      refusal("{\(entry("a", shape: "[4]", 0, 4))}", data: 6)?.reason
        == "2 bytes after the last tensor belong to no tensor")
    #expect(refusal("{}", data: 1)?.reason == "1 bytes after the last tensor belong to no tensor")
  }

  @Test func `an error says what is wrong where and what to do`() {
    let error = refusal("{\(entry("a", shape: "[2]", 0, 2)),\(entry("b", shape: "[2]", 5, 7))}", data: 7)
    #expect(
      error?.description
        == "model.safetensors: b: byte 118: 3 bytes before its data belong to no tensor\n"
        + "  the file is malformed: get it again, or write it anew with the program that made it")
  }
}
