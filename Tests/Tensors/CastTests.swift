import SutureBytes
import Testing

@testable import SutureTensors

@Suite struct `A cast` {
  private func floats(_ values: [Float]) throws -> Tensor {
    try Tensor(floats: values, shape: [values.count])
  }

  @Test func `changes floating tensors only, and not those that are kept`() throws {
    var dict = StateDict()
    try dict.append("w", try floats([1, 2.5, 1e6]))
    try dict.append("norm", try floats([1]))
    try dict.append("n", try Tensor(Storage([1, 0, 0, 0]), dtype: .int32, shape: [1]))
    let cast = try dict.cast(to: .bfloat16) { $0 == "norm" }
    #expect(cast.stateDict.entries.map(\.tensor.dtype) == [.bfloat16, .float32, .int32])
    #expect(cast.names == ["w"])
    #expect(try cast.stateDict["w"]?.floats() == [1, 2.5, 999_424])
    #expect(cast.stateDict.overflows.isEmpty)
  }

  @Test func `counts what became infinite, once for each storage`() throws {
    var dict = StateDict()
    let tensor = try floats([1, 1e6, -1e30, .infinity])
    try dict.append("a", tensor)
    try dict.append("b", tensor)
    let cast = try dict.cast(to: .float16) { _ in false }
    for _ in 0..<2 {
      for entry in cast.stateDict.entries { _ = try entry.tensor.contiguousBytes() }
      #expect(cast.stateDict.overflows.map(\.count) == [2])
      #expect(cast.stateDict.overflows[0].names == ["a", "b"])
    }
    #expect(cast.stateDict["a"]?.storage === cast.stateDict["b"]?.storage)
  }

  @Test func `leaves views what they are`() throws {
    let storage = Storage(
      (0..<24).flatMap { value in
        var bytes: [UInt8] = []
        bytes.append(littleEndian: Float(value).bitPattern)
        return bytes
      })
    var dict = StateDict()
    try dict.append("w", try Tensor(storage, dtype: .float32, shape: [3, 4], strides: [4, 1], offset: 12))
    try dict.append("t", try Tensor(storage, dtype: .float32, shape: [4, 3], strides: [1, 4], offset: 12))
    // The same bytes as integers: a part that is not cast.
    try dict.append("bits", try Tensor(storage, dtype: .int32, shape: [2], strides: [1], offset: 0))
    let cast = try dict.cast(to: .float64) { _ in false }.stateDict
    #expect(cast.aliases == [["w", "t"]])
    #expect(cast["t"]?.strides == [1, 4])
    #expect(try cast["t"]?.floats() == [12, 16, 20, 13, 17, 21, 14, 18, 22, 15, 19, 23])
    #expect(cast["bits"]?.storage === storage)
    #expect(cast["w"]?.storage.byteCount == 96)
  }
}
