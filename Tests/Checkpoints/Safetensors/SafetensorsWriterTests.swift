import SutureBytes
import SutureTensors
internal import SutureText
import Testing

@testable import SutureCheckpoints

@Suite struct SafetensorsWriterTests {
  private func tensor(_ dtype: DType, _ shape: [Int] = [1]) throws -> Tensor {
    let count = try Shape.elementCount(shape) * dtype.byteCount
    return try Tensor(Storage((0..<count).map { UInt8(truncatingIfNeeded: $0) }), dtype: dtype, shape: shape)
  }

  private func dict(_ tensors: [(String, Tensor)]) throws -> StateDict {
    try StateDict(tensors.map { StateDict.Entry(name: $0.0, tensor: $0.1) })
  }

  private func refusal(_ dict: StateDict, metadata: [(String, String)] = []) -> Failure? {
    #expect(throws: Failure.self) { try SafetensorsWriter.layout(dict, metadata: metadata) }
  }

  @Test func `a file is the one that the safetensors library writes`() throws {
    let dict = try dict([
      ("a\"\n", tensor(.uint8, [3])), ("w", tensor(.float32, [1, 2])), ("s", tensor(.float32, [])),
    ])
    let header =
      #"{"__metadata__":{"format":"pt"},"s":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"#
      + #""w":{"dtype":"F32","shape":[1,2],"data_offsets":[4,12]},"#
      + #""a\"\n":{"dtype":"U8","shape":[3],"data_offsets":[12,15]}}"#
    let padded = header + String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    var expected: [UInt8] = []
    expected.append(littleEndian: UInt64(padded.utf8.count))
    expected += Array(padded.utf8) + [0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2]
    #expect(try written(dict, metadata: [("format", "pt")]) == expected)
  }

  @Test func `a file of no tensors is an empty object`() throws {
    #expect(try written(StateDict()) == [8, 0, 0, 0, 0, 0, 0, 0] + Array("{}      ".utf8))
  }

  @Test func `dtypes come in the order of the library`() throws {
    let dtypes = DType.allCases.filter { $0.safetensorsName != nil }
    let bytes = try written(try dict(dtypes.map { ($0.rawValue, try tensor($0)) }))
    let expected: [DType] = [
      .uint64, .int64, .float64, .complex64, .float32, .uint32, .int32, .bfloat16, .float16, .uint16, .int16,
      .float8_e5m2fnuz, .float8_e4m3fnuz, .float8_e8m0fnu, .float8_e4m3fn, .float8_e5m2, .int8, .uint8,
      .f6_e3m2, .f6_e2m3, .float4_e2m1fn_x2, .bool,
    ]
    #expect(try SafetensorsFile(MemorySource(bytes)).stateDict.names == expected.map(\.rawValue))
  }

  @Test func `names come in the order of their bytes`() throws {
    let names = ["b", "a.10", "a.2", "B", "\u{E9}", "e\u{301}", "\u{FF5E}", "\u{1F600}", "", "a"]
    let bytes = try written(try dict(names.map { ($0, try tensor(.int8)) }))
    let expected = ["", "B", "a", "a.10", "a.2", "b", "e\u{301}", "\u{E9}", "\u{FF5E}", "\u{1F600}"]
    let found = try SafetensorsFile(MemorySource(bytes)).stateDict.names
    #expect(found.map(ExactString.init) == expected.map(ExactString.init))
  }

  @Test func `the order of tensors and metadata does not change the file`() throws {
    let tensors = [("a", try tensor(.int8)), ("b", try tensor(.float32)), ("c", try tensor(.float32, [4]))]
    let metadata = [("k", "1"), ("j", "2"), ("l", "3")]
    let one = try written(try dict(tensors), metadata: metadata)
    #expect(try written(try dict(tensors.reversed()), metadata: metadata.reversed()) == one)
    #expect(try SafetensorsFile(MemorySource(one)).stateDict.metadata.map(\.key) == ["j", "k", "l"])
  }

  @Test func `data begin at a multiple of 8`() throws {
    for length in 0..<16 {
      let name = String(repeating: "n", count: length)
      #expect(try SafetensorsWriter.layout(try dict([(name, tensor(.uint8))])).header.count % 8 == 0)
    }
  }

  @Test func `a tensor named as the metadata is refused`() throws {
    let error = refusal(try dict([("__metadata__", tensor(.uint8))]))
    #expect(error?.reason == "the format keeps this name for metadata")
    #expect(error?.place.path == "__metadata__")
  }

  @Test(arguments: [DType.complex128, .complex32])
  func `a complex dtype that the format lacks is refused with the name of the tensor`(dtype: DType) throws {
    let error = refusal(try dict([("a", tensor(.uint8)), ("phase", tensor(dtype))]))
    #expect(error?.reason == "the format has no \(dtype)")
    #expect(error?.place.path == "phase")
    #expect(error?.description.contains("complex64") == true)
  }

  @Test func `a key that the metadata have twice is refused`() {
    let error = refusal(StateDict(), metadata: [("k", "1"), ("j", ""), ("k", "2")])
    #expect(error?.reason == #"the metadata has the key "k" twice"#)
  }

  @Test func `a header that readers would not accept is refused`() throws {
    let dict = try dict([("a", tensor(.uint8))])
    let count = try SafetensorsWriter.layout(dict).header.count - 8
    _ = try SafetensorsWriter.layout(dict, headerLimit: count)
    let error = #expect(throws: Failure.self) {
      try SafetensorsWriter.layout(dict, headerLimit: count - 1)
    }
    #expect(error?.reason == "the header would have \(count) bytes, and readers accept \(count - 1)")
    let remedy = Remedy.setting(
      "max-shard-size", value: "SIZE", "writes several files, each with a header of its own")
    #expect(error?.remedies == [remedy])
    #expect(SafetensorsFile.headerLimit == 100_000_000)
  }

  @Test func `nothing is written when the plan is refused`() throws {
    #expect(throws: Failure.self) { try written(try dict([("z", tensor(.complex128))])) }
  }
}
