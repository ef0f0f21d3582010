import SutureBytes
import SutureCheckpoints
import SutureTensors
import Testing

@Suite struct SafetensorsFileTests {
  private func read(_ bytes: [UInt8]) throws -> StateDict {
    try SafetensorsFile(MemorySource(bytes, name: "model.safetensors")).stateDict
  }

  @Test func `a file of two tensors is read`() throws {
    let dict = try read(
      safetensors(
        "{\(entry("a", "F32", shape: "[2]", 0, 8)),\(entry("b", "I16", shape: "[1,3]", 8, 14))}", data: 14))
    #expect(dict.names == ["a", "b"])
    let b = try #require(dict["b"])
    #expect(b.dtype == .int16)
    #expect(b.shape == [1, 3])
    #expect(b.storage.label == "b")
    #expect(b.storage.byteCount == 6)
    #expect(try b.contiguousBytes() == [8, 9, 10, 11, 12, 13])
  }

  @Test func `an empty object is a file of no tensors`() throws {
    #expect(try read(safetensors("{}")).isEmpty)
  }

  @Test func `tensors come in the order of their data and ties in the order of the header`() throws {
    let header =
      "{\(entry("late", shape: "[2]", 2, 4)),\(entry("y", shape: "[0]", 2, 2)),"
      + "\(entry("early", shape: "[2]", 0, 2)),\(entry("x", shape: "[0,7]", 2, 2))}"
    #expect(try read(safetensors(header, data: 4)).names == ["early", "y", "x", "late"])
  }

  @Test func `metadata keep the order of the header`() throws {
    let dict = try read(safetensors(#"{"__metadata__":{"z":"1","a":"é"}}"#))
    #expect(dict.metadata.map(\.key) == ["z", "a"])
    #expect(dict.metadata.map(\.value) == ["1", "é"])
    #expect(dict.isEmpty)
  }

  @Test func `a null for the metadata is none`() throws {
    #expect(try read(safetensors(#"{"__metadata__":null}"#)).metadata.isEmpty)
  }

  @Test func `white space around the header is accepted`() throws {
    #expect(try read(safetensors(" \n\t{\(entry("a", shape: "[1]", 0, 1))}    ", data: 1)).names == ["a"])
  }

  @Test func `unknown fields of a tensor are accepted`() throws {
    let header = #"{"a":{"dtype":"U8","note":{"x":[1.5]},"shape":[1],"data_offsets":[0,1]}}"#
    #expect(try read(safetensors(header, data: 1)).names == ["a"])
  }

  @Test func `a tensor without dimensions has one element`() throws {
    let dict = try read(safetensors("{\(entry("s", "F64", shape: "[]", 0, 8))}", data: 8))
    #expect(dict["s"]?.elementCount == 1)
  }

  @Test func `a name may be anything that JSON can spell`() throws {
    let dict = try read(
      safetensors("{\(entry(#"\u00e9\"\ud83d\ude00\u0000"#, shape: "[1]", 0, 1))}", data: 1))
    #expect(dict.names == ["\u{E9}\"\u{1F600}\0"])
  }

  @Test func `names that differ only in their normal form are two tensors`() throws {
    let header = "{\(entry("\u{E9}", shape: "[1]", 0, 1)),\(entry("e\u{301}", shape: "[1]", 1, 2))}"
    #expect(try read(safetensors(header, data: 2)).count == 2)
  }

  @Test(arguments: [
    ("F64", DType.float64), ("F32", .float32), ("F16", .float16), ("BF16", .bfloat16), ("I64", .int64),
    ("I32", .int32), ("I16", .int16), ("I8", .int8), ("U64", .uint64), ("U32", .uint32), ("U16", .uint16),
    ("U8", .uint8), ("BOOL", .bool), ("F8_E4M3", .float8_e4m3fn), ("F8_E5M2", .float8_e5m2),
    ("F8_E8M0", .float8_e8m0fnu), ("F8_E4M3FNUZ", .float8_e4m3fnuz), ("F8_E5M2FNUZ", .float8_e5m2fnuz),
    ("C64", .complex64),
  ])
  func `every dtype of the format is read`(name: String, dtype: DType) throws {
    let size = 3 * dtype.byteCount
    let dict = try read(safetensors("{\(entry("t", name, shape: "[3]", 0, size))}", data: size))
    #expect(dict["t"]?.dtype == dtype)
  }

  @Test func `a file is recognized by its first bytes`() {
    func looks(_ bytes: [UInt8], fileSize: Int? = nil) -> Bool {
      SafetensorsFile.looksLikeSafetensors(prefix: bytes, fileSize: fileSize ?? bytes.count)
    }
    let whole = safetensors("{\(entry("a", shape: "[1]", 0, 1))}  ", data: 1)
    #expect(looks(whole))
    #expect(looks(Array(whole.prefix(10)), fileSize: whole.count))
    #expect(looks(Array(whole.prefix(20))), "a truncated file is one too")
    #expect(looks(safetensors("  {}")))
    #expect(looks(safetensors("{ }")))
    #expect(!looks([]))
    #expect(!looks(Array(whole.prefix(8))))
    #expect(!looks(safetensors("[]")))
    #expect(!looks(Array(#"{"json": {"a": 1}}"#.utf8)))
    #expect(!looks(Array("PK\u{3}\u{4}\0\0\u{8}\u{8}{\"".utf8)))
    #expect(!looks([UInt8](repeating: 0, count: 64)))
    let huge: [UInt8] = [1, 0xE1, 0xF5, 0x05, 0, 0, 0, 0] + Array("{\"a".utf8)
    #expect(!looks(huge))
    #expect(looks(huge, fileSize: 200_000_000))
  }
}
