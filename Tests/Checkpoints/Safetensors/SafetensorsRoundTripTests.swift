import SutureBytes
import SutureTensors
import TestSupport
import Testing

@testable import SutureCheckpoints

@Suite struct SafetensorsRoundTripTests {
  @Test func `random state dicts read back as they were written`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    print("seed \(seed)")
    var random = Seeded(seed)
    for _ in 0..<60 {
      var dict = StateDict()
      for index in 0..<Int.random(in: 0..<12, using: &random) {
        try dict.append("\(randomName(&random))\(index)", try randomTensor(&random))
      }
      let metadata = (0..<Int.random(in: 0..<4, using: &random)).map { ("\($0)", randomName(&random)) }
      let bytes = try written(dict, metadata: metadata)
      let found = try SafetensorsFile(MemorySource(bytes)).stateDict
      #expect(found.metadata.map(\.value) == metadata.map(\.1), "seed \(seed)")
      #expect(found.count == dict.count, "seed \(seed)")
      for entry in dict.entries {
        let tensor = try #require(found[entry.name], "seed \(seed)")
        #expect(tensor.dtype == entry.tensor.dtype, "seed \(seed)")
        #expect(tensor.shape == entry.tensor.shape, "seed \(seed)")
        #expect(try tensor.contiguousBytes() == entry.tensor.contiguousBytes(), "seed \(seed)")
      }
      #expect(try written(found, metadata: metadata) == bytes, "seed \(seed)")
    }
  }

  @Test func `a transposed view is written in its own order`() throws {
    let storage = Storage([0, 1, 2, 3, 4, 5])
    var dict = StateDict()
    try dict.append("t", try Tensor(storage, dtype: .uint8, shape: [3, 2], strides: [1, 3], offset: 0))
    #expect(try written(dict).suffix(6) == [0, 3, 1, 4, 2, 5])
  }

  @Test func `a random change of one byte never ends the process`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    print("seed \(seed)")
    var random = Seeded(seed)
    let header =
      "{\(entry("a", shape: "[2,1]", 0, 2)),\"__metadata__\":{},\(entry("b", "F32", shape: "[1]", 2, 6))}"
    let whole = safetensors(header, data: 6)
    for _ in 0..<5000 {
      var bytes = whole
      for _ in 0...Int.random(in: 0..<3, using: &random) {
        bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      guard let dict = try? SafetensorsFile(MemorySource(bytes)).stateDict else { continue }
      for entry in dict.entries { _ = try entry.tensor.contiguousBytes() }
    }
  }

  private func randomName(_ random: inout Seeded) -> String {
    ["", "layer.", "é", "e\u{301}", "😀 \"", "\n\\\u{1}/", "model.0."].randomElement(using: &random) ?? ""
  }

  /// A tensor whose axes are in any order, with gaps and an offset in its storage.
  private func randomTensor(_ random: inout Seeded) throws -> Tensor {
    let dtypes = DType.allCases.filter { $0.safetensorsName != nil }
    let dtype = dtypes.randomElement(using: &random) ?? .float32
    // Numbers of 4 and 6 bits share bytes, so that one alone cannot be.
    let leastRank = dtype.packing == nil ? 0 : 1
    let shape = (0..<Int.random(in: leastRank..<5, using: &random)).map { _ in
      Int.random(in: 0..<5, using: &random)
    }
    var strides = shape
    var step = Int.random(in: 1..<3, using: &random)
    for axis in shape.indices.shuffled(using: &random) {
      strides[axis] = step
      step *= max(shape[axis], 1) + Int.random(in: 0..<2, using: &random)
    }
    let offset = Int.random(in: 0..<3, using: &random)
    let count = (offset + (try Shape.extent(shape, strides: strides))) * dtype.byteCount
    let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    return try Tensor(Storage(bytes), dtype: dtype, shape: shape, strides: strides, offset: offset)
  }
}
