import SutureText
import TestSupport
import Testing

@testable import SutureTensors

@Suite struct `A tensor` {
  private let storage = Storage((0..<24).map { UInt8($0) }, label: "0")

  @Test func `gathers a transpose in row-major order`() throws {
    let tensor = try Tensor(storage, dtype: .uint8, shape: [3, 2], strides: [1, 3], offset: 4)
    #expect(try tensor.contiguousBytes() == [4, 7, 5, 8, 6, 9])
    #expect(!tensor.isContiguous)
  }

  @Test func `repeats an element with stride 0`() throws {
    let tensor = try Tensor(storage, dtype: .int16, shape: [2, 3], strides: [0, 1], offset: 1)
    #expect(try tensor.contiguousBytes() == [2, 3, 4, 5, 6, 7, 2, 3, 4, 5, 6, 7])
  }

  @Test func `of no elements needs no storage`() throws {
    let tensor = try Tensor(storage, dtype: .float32, shape: [0], strides: [1], offset: 1_000_000)
    #expect(try tensor.contiguousBytes().isEmpty)
  }

  @Test func `of no dimensions holds one element`() throws {
    let tensor = try Tensor(storage, dtype: .uint8, shape: [], strides: [], offset: 5)
    #expect(try tensor.contiguousBytes() == [5])
  }

  @Test func `agrees with a plain walk over random views`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = Seeded(seed)
    for _ in 0..<300 {
      let rank = Int.random(in: 0...4, using: &generator)
      let shape = (0..<rank).map { _ in Int.random(in: 0...4, using: &generator) }
      let strides = (0..<rank).map { _ in Int.random(in: 0...3, using: &generator) }
      let dtype = [DType.uint8, .int16, .float32, .complex64].randomElement(using: &generator) ?? .uint8
      let bytes = (0..<600).map { _ in UInt8.random(in: 0...255, using: &generator) }
      let offset = Int.random(in: 0...3, using: &generator)
      let tensor = try Tensor(Storage(bytes), dtype: dtype, shape: shape, strides: strides, offset: offset)
      var expected: [UInt8] = []
      func walk(_ axis: Int, _ position: Int) {
        if axis == rank {
          expected += bytes[(position * dtype.byteCount)..<((position + 1) * dtype.byteCount)]
        } else {
          for index in 0..<shape[axis] { walk(axis + 1, position + index * strides[axis]) }
        }
      }
      walk(0, offset)
      #expect(try tensor.contiguousBytes() == expected, "seed \(seed)")
    }
  }

  @Test func `refuses numbers that do not fit its storage`() {
    #expect(throws: TensorError.outOfBounds(needed: 25, available: 24, storage: "0")) {
      try Tensor(storage, dtype: .uint8, shape: [4], strides: [1], offset: 21)
    }
    #expect(throws: TensorError.rankMismatch(shape: [1, 1], strides: [1])) {
      try Tensor(storage, dtype: .uint8, shape: [1, 1], strides: [1], offset: 0)
    }
    #expect(throws: TensorError.negative("size", [-4])) {
      try Tensor(storage, dtype: .uint8, shape: [-4], strides: [1], offset: 0)
    }
    #expect(throws: TensorError.negative("stride", [-1])) {
      try Tensor(storage, dtype: .uint8, shape: [4], strides: [-1], offset: 4)
    }
    #expect(throws: TensorError.negative("storage offset", [-1])) {
      try Tensor(storage, dtype: .uint8, shape: [4], strides: [1], offset: -1)
    }
    #expect(throws: TensorError.overflow(shape: [4], strides: [1 << 62])) {
      try Tensor(storage, dtype: .uint8, shape: [4], strides: [1 << 62], offset: 0)
    }
    #expect(throws: TensorError.overflow(shape: [1 << 62, 1 << 62, 0], strides: [0, 0, 0])) {
      try Tensor(storage, dtype: .uint8, shape: [1 << 62, 1 << 62, 0], strides: [0, 0, 0], offset: 0)
    }
    #expect(throws: TensorError.tooManyDimensions(300)) {
      try Tensor(
        storage, dtype: .uint8, shape: .init(repeating: 1, count: 300),
        strides: .init(repeating: 1, count: 300),
        offset: 0)
    }
  }

  @Test func `widens half precision exactly`() throws {
    let half = try Tensor(Storage([0x00, 0x3C, 0x01, 0x00, 0x00, 0xFC]), dtype: .float16, shape: [3])
    #expect(try half.floats() == [1, 5.960464477539063e-08, -.infinity])
    let brain = try Tensor(Storage([0x80, 0x3F, 0x49, 0x40]), dtype: .bfloat16, shape: [2])
    #expect(try brain.floats() == [1, 3.140625])
    #expect(throws: TensorError.self) { try Tensor(Storage([1]), dtype: .uint8, shape: [1]).floats() }
  }
}

@Suite struct `A storage` {
  @Test func `gives nothing out of a record whose checksum is wrong`() throws {
    let bytes: [UInt8] = [1, 2, 3, 4]
    let storage = Storage(Fixed(bytes), offset: 0, byteCount: 4, label: "7", crc32: 0xDEAD_BEEF)
    let tensor = try Tensor(storage, dtype: .uint8, shape: [2], strides: [1], offset: 1)
    let error = #expect(throws: ChecksumMismatch.self) { try tensor.contiguousBytes() }
    #expect(error?.description.contains("storage 7") == true)
    #expect(throws: ChecksumMismatch.self) { try storage.forEachChunk { _, _ in } }
  }
}

@Suite struct `A state dict` {
  private func tensor(_ storage: Storage, _ range: Range<Int>) throws -> Tensor {
    try Tensor(storage, dtype: .uint8, shape: [range.count], strides: [1], offset: range.lowerBound)
  }

  @Test func `keeps its order and refuses a name twice`() throws {
    var dict = StateDict()
    let storage = Storage([1, 2, 3])
    try dict.append("b", tensor(storage, 0..<1))
    try dict.append("a", tensor(storage, 1..<2))
    #expect(dict.names == ["b", "a"])
    #expect(throws: Failure.self) { try dict.append("a", tensor(storage, 0..<1)) }
    try dict.append("e\u{301}", tensor(storage, 0..<1))
    try dict.append("\u{E9}", tensor(storage, 0..<1))
    #expect(dict.count == 4)
  }

  @Test func `calls overlapping views aliases, and disjoint ones not`() throws {
    let (one, other) = (Storage([UInt8](repeating: 0, count: 10)), Storage([0]))
    var dict = StateDict()
    try dict.append("whole", tensor(one, 0..<6))
    try dict.append("part", tensor(one, 5..<6))
    try dict.append("apart", tensor(one, 6..<10))
    try dict.append("alone", tensor(other, 0..<1))
    #expect(dict.aliases == [["whole", "part"]])
    #expect(dict.storages.count == 2)
  }

  @Test func `strides are what they were given as, row-major ones too`() throws {
    let storage = Storage([UInt8](repeating: 0, count: 4 * 24))
    for (shape, strides) in [
      ([2, 3, 4], [12, 4, 1]), ([1, 3, 4], [12, 4, 1]), ([1, 3, 4], [99, 4, 1]), ([2, 0, 4], [4, 4, 1]),
      ([2, 0, 4], [7, 5, 3]), ([], []), ([3, 2], [1, 3]), ([4, 1], [1, 1]), ([4, 1], [1, 7]),
    ] {
      let tensor = try Tensor(storage, dtype: .float32, shape: shape, strides: strides, offset: 0)
      #expect(tensor.strides == strides)
      #expect(tensor.isContiguous == Shape.isContiguous(shape, strides: strides))
      #expect(tensor.byteExtent.count == (try Shape.extent(shape, strides: strides)) * 4)
    }
    #expect(throws: TensorError.rankMismatch(shape: [2, 3], strides: [1])) {
      try Tensor(storage, dtype: .float32, shape: [2, 3], strides: [1], offset: 0)
    }
    #expect(throws: TensorError.overflow(shape: [0, 1 << 62, 4], strides: [])) {
      try Tensor(storage, dtype: .float32, shape: [0, 1 << 62, 4])
    }
  }
}
