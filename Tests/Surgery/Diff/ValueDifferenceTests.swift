import SutureTensors
import Testing

@testable import SutureSurgery

@Suite struct `A difference of values` {
  private func compare(_ first: [Float], _ second: [Float], _ tolerance: Tolerance? = nil) throws
    -> ValueDifference
  {
    try Tensor(floats: first, shape: [first.count]).difference(
      from: Tensor(floats: second, shape: [second.count]), tolerance: tolerance)
  }

  @Test func `has the largest, where it is, the relative one and the cosine`() throws {
    let difference = try Tensor(floats: [1, 2, 3, 4, 5, 6], shape: [2, 3]).difference(
      from: Tensor(floats: [1, 2, 3, 4, 8, 6.5], shape: [2, 3]), tolerance: nil)
    #expect(difference.differing == 2 && difference.elementCount == 6)
    #expect(difference.maximum == 3 && difference.maximumIndex == [1, 1])
    #expect(difference.maximumRelative == 0.375)
    let cosine = 109.0 / ((91.0 * 136.25).squareRoot())
    #expect(abs(try #require(difference.cosine) - cosine) < 1e-15)
    #expect(!difference.passed)
  }

  @Test func `counts NaN apart`() throws {
    let difference = try compare([.nan, .nan, 1, 1], [.nan, 1, .nan, 1])
    #expect(difference.nanInBoth == 1 && difference.nanInFirst == 1 && difference.nanInSecond == 1)
    #expect(difference.differing == 2 && difference.maximum == 0)
  }

  @Test func `takes NaNs of the same bits for the same, unless closeness is asked for`() throws {
    #expect(try compare([.nan, 1], [.nan, 1]).passed)
    var tolerance = Tolerance()
    let strict = try compare([.nan, 1], [.nan, 1], tolerance)
    #expect(!strict.passed && strict.isBitEqual && strict.nanInBoth == 1 && strict.notClose == 1)
    tolerance.equalNaN = true
    #expect(try compare([.nan, 1], [.nan, 1], tolerance).passed)
    #expect(try compare([.nan, 1], [.nan, 1.000001], tolerance).passed)
    #expect(try !compare([.nan, 1], [1, .nan], tolerance).passed)
  }

  @Test func `sees infinities as torch does`() throws {
    let tolerance = Tolerance()
    #expect(try compare([.infinity, 1], [.infinity, 1.0000001], tolerance).passed)
    #expect(try !compare([.infinity], [-.infinity], tolerance).passed)
    #expect(try !compare([1], [.infinity], tolerance).passed)
    #expect(try compare([1], [.infinity]).maximum == .infinity)
    #expect(try compare([1], [0]).maximumRelative == .infinity)
  }

  @Test func `tells signed zeros by their bits alone`() throws {
    let difference = try compare([0], [-0.0])
    #expect(difference.differing == 0 && !difference.isBitEqual && !difference.passed)
    #expect(try compare([0], [-0.0], Tolerance()).passed)
  }

  @Test func `is not symmetric: the tolerance is that of the second`() throws {
    var tolerance = Tolerance()
    (tolerance.absolute, tolerance.relative) = (0, 0.1)
    #expect(try compare([0.905], [1], tolerance).passed)
    #expect(try !compare([1], [0.905], tolerance).passed)
  }

  @Test func `of nothing is none`() throws {
    #expect(try compare([], []).passed)
    let scalar = try Tensor(floats: [1], shape: [])
    #expect(try scalar.difference(from: Tensor(floats: [2], shape: []), tolerance: nil).maximumIndex == [])
  }

  @Test func `reads every dtype, and each with each`() throws {
    let bytes: [DType: [UInt8]] = [
      .float64: [0, 0, 0, 0, 0, 0, 0, 0x40], .float32: [0, 0, 0, 0x40], .float16: [0, 0x40],
      .bfloat16: [0, 0x40], .int64: [2, 0, 0, 0, 0, 0, 0, 0], .int32: [2, 0, 0, 0], .int16: [2, 0],
      .int8: [2], .uint64: [2, 0, 0, 0, 0, 0, 0, 0], .uint32: [2, 0, 0, 0], .uint16: [2, 0], .uint8: [2],
      .float8_e4m3fn: [0x40], .float8_e5m2: [0x40], .complex64: [0, 0, 0, 0x40, 0, 0, 0, 0],
      .complex32: [0, 0x40, 0, 0],
      .complex128: [0, 0, 0, 0, 0, 0, 0, 0x40] + [UInt8](repeating: 0, count: 8),
      .float8_e8m0fnu: [0x80], .float8_e4m3fnuz: [0x48], .float8_e5m2fnuz: [0x44],
    ]
    for (dtype, one) in bytes {
      for (other, two) in bytes {
        let difference = try Tensor(Storage(one), dtype: dtype, shape: [1]).difference(
          from: Tensor(Storage(two), dtype: other, shape: [1]), tolerance: Tolerance())
        #expect(difference.differing == 0 && difference.passed, "\(dtype) \(other)")
        #expect(difference.isBitEqual == (dtype == other))
      }
    }
  }

  @Test func `of complex numbers is the length`() throws {
    let one = try Tensor(
      Storage(Tensor(floats: [3, 4], shape: [2]).contiguousBytes()), dtype: .complex64, shape: [1])
    let zero = try Tensor(Storage([UInt8](repeating: 0, count: 8)), dtype: .complex64, shape: [1])
    #expect(try one.difference(from: zero, tolerance: nil).maximum == 5)
    let real = try Tensor(floats: [3], shape: [1])
    #expect(try one.difference(from: real, tolerance: nil).maximum == 4)
  }

  @Test func `follows strides, and does not depend on how a tensor lies`() throws {
    for _ in 0..<200 {
      let shape = (0..<Int.random(in: 1...4)).map { _ in Int.random(in: 1...5) }
      let count = shape.reduce(1, *)
      let floats = (0..<count).map { _ in Float.random(in: -1...1) }
      let plain = try Tensor(floats: floats, shape: shape)
      let axes = Array(shape.indices).shuffled()
      // A storage in which the axes lie in another order.
      var strides = [Int](repeating: 0, count: shape.count)
      var step = 1
      for axis in axes {
        strides[axis] = step
        step *= shape[axis]
      }
      var bytes = [UInt8](repeating: 0, count: count * 4)
      let source = try plain.contiguousBytes()
      for place in 0..<count {
        var (rest, target) = (place, 0)
        for axis in shape.indices.reversed() {
          target += rest % shape[axis] * strides[axis]
          rest /= shape[axis]
        }
        bytes.replaceSubrange((target * 4)..<(target * 4 + 4), with: source[(place * 4)..<(place * 4 + 4)])
      }
      let other = try Tensor(Storage(bytes), dtype: .float32, shape: shape, strides: strides, offset: 0)
      #expect(try plain.difference(from: other, tolerance: nil).isBitEqual)
      for limit in 1...7 {
        var next = 0
        for piece in TensorPieces(shape, limit: limit) {
          let size = piece.counts.reduce(1, *)
          #expect(piece.first == next && (size <= limit || size == 1))
          #expect(
            try other.bytes(piece) == Array(source[(next * 4)..<((next + size) * 4)]))
          next += size
        }
        #expect(next == count)
      }
    }
  }

  @Test func `holds neither tensor`() throws {
    let size = 3 << 20
    let same = CountingSource(size) { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    let other = CountingSource(size) { $0 == size - 1 ? 1 : UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    let tensors = try [same, other].map {
      try Tensor(
        Storage($0, offset: 0, byteCount: size, label: "0"), dtype: .uint8, shape: [3 << 10, 1 << 10])
    }
    let difference = try tensors[0].difference(from: tensors[1], tolerance: nil)
    #expect(difference.differing == 1 && difference.maximumIndex == [3071, 1023])
    #expect(same.largestRead <= 1 << 20 && other.largestRead <= 1 << 20)
  }

  @Test func `of what is repeated beyond measure is made once, or refused`() throws {
    let storage = Storage([1, 2, 3, 4])
    let huge = try Tensor(
      storage, dtype: .uint8, shape: [1 << 50, 4], strides: [0, 1], offset: 0)
    #expect(try huge.difference(from: huge, tolerance: nil).isBitEqual)
    let other = try Tensor(
      storage, dtype: .uint8, shape: [1 << 50, 4], strides: [0, 0], offset: 0)
    #expect(try huge.difference(from: other, tolerance: nil).differing == 3)
    let crossed = try Tensor(storage, dtype: .uint8, shape: [1 << 40, 1 << 2], strides: [0, 1], offset: 0)
    let across = try Tensor(
      Storage([UInt8](repeating: 0, count: 8)), dtype: .uint8, shape: [1 << 40, 1 << 2], strides: [0, 0],
      offset: 4)
    #expect(try !crossed.difference(from: across, tolerance: nil).isBitEqual)
    #expect(
      try StateDictDiff(
        StateDict([.init(name: "a", tensor: huge)]), StateDict([.init(name: "b", tensor: huge)])
      ).removed == ["a"])
  }

  @Test func `of sparse, quantized and meta tensors is all or nothing`() throws {
    let meta = try Tensor(dtype: .float32, shape: [2], layout: .meta)
    #expect(try meta.difference(from: meta, tolerance: nil).isBitEqual)
    let dense = try Tensor(floats: [1, 2], shape: [2])
    let difference = try meta.difference(from: dense, tolerance: Tolerance())
    #expect(!difference.isNumeric && !difference.passed)
    func quantized(_ scale: Double) throws -> Tensor {
      try Tensor(
        Storage([1, 2]), dtype: .qint8, shape: [2], strides: [1], offset: 0,
        layout: .quantized(.perTensor(scale: scale, zeroPoint: 0)))
    }
    #expect(try quantized(1).difference(from: quantized(1), tolerance: nil).isBitEqual)
    #expect(try !quantized(1).difference(from: quantized(2), tolerance: nil).isBitEqual)
    func sparse(_ value: Float) throws -> Tensor {
      let indices = try Tensor(Storage([0, 0, 0, 0, 0, 0, 0, 0]), dtype: .int64, shape: [1, 1])
      return try Tensor(
        dtype: .float32, shape: [2],
        layout: .sparse(SparseParts(.coo, [indices, Tensor(floats: [value], shape: [1])])))
    }
    #expect(try sparse(1).difference(from: sparse(1), tolerance: nil).isBitEqual)
    #expect(try !sparse(1).difference(from: sparse(2), tolerance: nil).passed)
  }
}
