import SutureBytes
import SutureNumbers
import TestSupport
import Testing

@testable import SutureTensors

@Suite struct `Gathering a view that is not contiguous` {
  /// The elements by the definition of strides, one at a time.
  private func plain(_ tensor: Tensor, _ bytes: [UInt8]) -> [UInt8] {
    let size = tensor.dtype.byteCount
    var result: [UInt8] = []
    func walk(_ axis: Int, _ place: Int) {
      if axis == tensor.shape.count {
        result += bytes[(place * size)..<((place + 1) * size)]
      } else {
        for index in 0..<tensor.shape[axis] { walk(axis + 1, place + index * tensor.strides[axis]) }
      }
    }
    walk(0, tensor.offset)
    return result
  }

  @Test func `gives any range of a view that repeats its bytes, of which no more are kept than it views`()
    throws
  {
    var random = SystemRandomNumberGenerator()
    let bytes = (0..<12_000).map { _ in UInt8.random(in: 0...255, using: &random) }
    for (shape, strides) in [
      ([700, 900, 3], [0, 1, 0]), ([1500, 1500], [1, 0]), ([1300, 1300], [1, 1]),
      ([900, 1300, 1], [0, 1, 7]),
    ] {
      let tensor = try Tensor(Storage(bytes), dtype: .float32, shape: shape, strides: strides, offset: 5)
      let (whole, reader) = (try tensor.contiguousBytes(), try ElementReader(tensor))
      for _ in 0..<30 {
        let start = Int.random(in: 0..<tensor.elementCount)
        let range = start..<Int.random(in: start...min(start + 5000, tensor.elementCount))
        var buffer = [UInt8](repeating: 7, count: range.count * 4 + 1)
        try reader.read(range, into: &buffer)
        #expect(buffer == whole[(range.lowerBound * 4)..<(range.upperBound * 4)] + [7], "\(shape) \(range)")
      }
    }
  }

  @Test func `gives the elements in row-major order, whatever the strides`() throws {
    let dtypes = [DType.uint8, .float16, .float32, .float64, .complex128]
    let seed = UInt64.random(in: 0 ... .max)
    var random = Seeded(seed)
    for round in 0..<300 {
      let dtype = dtypes[round % dtypes.count]
      var shape = (0..<Int.random(in: 1...4, using: &random)).map { _ in Int.random(in: 1...6, using: &random)
      }
      if round % 17 == 0 { shape.append(1) }
      let strides = shape.map { _ in Int.random(in: 0...40, using: &random) }
      let offset = Int.random(in: 0...5, using: &random)
      let extent = zip(shape, strides).reduce(1) { $0 + ($1.0 - 1) * $1.1 }
      let bytes = (0..<((offset + extent) * dtype.byteCount)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      let tensor = try Tensor(Storage(bytes), dtype: dtype, shape: shape, strides: strides, offset: offset)
      #expect(
        try tensor.contiguousBytes() == plain(tensor, bytes),
        "\(dtype) \(shape) \(strides) \(offset), seed \(seed)")
    }
  }

  @Test func `gives the same at every size of band and of piece`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var random = Seeded(seed)
    // Axes in any order, with room between neighbours, that take more than a window, and some that overlap.
    for (sizes, gaps) in [
      ([700, 900], [0, 0]), ([60, 50, 70, 9], [0, 3, 0, 0]), ([3, 500, 700], [40, 0, 5]),
      ([40, 300, 200], [0, 90, 0]), ([200, 3], [1, -700]),
    ] {
      var strides = [Int](repeating: 1, count: sizes.count)
      for axis in sizes.indices.dropLast().reversed() {
        strides[axis] = max(strides[axis + 1] * sizes[axis + 1] + gaps[axis + 1], 1001)
      }
      let order = sizes.indices.shuffled(using: &random)
      let (shape, steps) = (order.map { sizes[$0] }, order.map { strides[$0] })
      for dtype in [DType.uint8, .float16, .float32] {
        let extent = zip(shape, steps).reduce(1) { $0 + ($1.0 - 1) * $1.1 }
        var bytes = [UInt8](repeating: 0, count: extent * dtype.byteCount)
        for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: index &* 0x9E37_79B1 >> 13) }
        let tensor = try Tensor(Storage(bytes), dtype: dtype, shape: shape, strides: steps, offset: 0)
        var expected = [UInt8](repeating: 0, count: tensor.byteCount)
        let axes = zip(zip(shape, steps), try Shape.contiguousStrides(shape)).map {
          StridedCopy.Axis(count: $0.0, step: $0.1, stride: $1)
        }
        StridedCopy.copy(
          axes, size: dtype.byteCount, from: bytes, at: 0, to: &expected, at: 0, .plain)
        #expect(try tensor.contiguousBytes() == expected, "\(dtype) \(shape) \(steps), seed \(seed)")
      }
    }
  }

  @Test func `gives the same where its elements go to more lines than caches keep`() throws {
    // Rows of 40 that lie apart, and by the last axis of the result further apart than fits a window.
    let (shape, steps) = ([40, 256, 256], [1, 300, 76_800])
    let seed = UInt64.random(in: 0 ... .max)
    var random = Seeded(seed)
    var bytes = (0..<4099).map { _ in UInt8.random(in: 0...255, using: &random) }
    while bytes.count < 76_800 * 256 { bytes += bytes }
    let tensor = try Tensor(Storage(bytes), dtype: .uint8, shape: shape, strides: steps, offset: 3)
    let axes = zip(zip(shape, steps), try Shape.contiguousStrides(shape)).map {
      StridedCopy.Axis(count: $0.0, step: $0.1, stride: $1)
    }
    var expected = [UInt8](repeating: 0, count: tensor.byteCount)
    StridedCopy.copy(axes, size: 1, from: bytes, at: 3, to: &expected, at: 0, .plain)
    #expect(try tensor.contiguousBytes() == expected, "seed \(seed)")
  }

  @Test func `takes little memory of a large transpose, in any order of axes`() throws {
    // Larger than the window in every direction, so that bands and blocks are cut.
    let (rows, columns) = (1500, 2100)
    var bytes = [UInt8](repeating: 0, count: rows * columns * 4)
    for index in 0..<(rows * columns) {
      for byte in 0..<4 { bytes[index * 4 + byte] = UInt8(truncatingIfNeeded: index >> (8 * byte)) }
    }
    let storage = Storage(Counted(bytes: bytes), offset: 0, byteCount: bytes.count, label: "0")
    let transposed = try Tensor(
      storage, dtype: .float32, shape: [columns, rows], strides: [1, columns], offset: 0)
    var position = 0
    var wrong = 0
    try transposed.forEachChunk { buffer, count in
      #expect(count <= 1 << 24)
      for start in stride(from: 0, to: count, by: 4) {
        let (column, row) = (position / rows, position % rows)
        let value = (0..<4).reduce(0) { $0 | Int(buffer[start + $1]) << (8 * $1) }
        if value != row * columns + column { wrong += 1 }
        position += 1
      }
    }
    #expect(wrong == 0)
    #expect(position == rows * columns)
  }

  /// A source that is asked for some megabytes at a time at most.
  private struct Counted: ByteSource {
    let name = "counted"
    let bytes: [UInt8]
    var byteCount: Int { bytes.count }

    func read(into buffer: inout [UInt8], count: Int, at offset: Int) throws {
      #expect(count <= 1 << 22)
      try MemorySource(bytes).read(into: &buffer, count: count, at: offset)
    }
  }

  @Test func `parts of a large view have its elements one after the other`() throws {
    let (rows, columns, size) = (301, 503, 1 << 16)
    let bytes = (0..<(rows * columns * 4)).map { UInt8(truncatingIfNeeded: $0 &* 0x9E37_79B9 >> 13) }
    let matrix = try Tensor(Storage(bytes), dtype: .float32, shape: [1, rows, columns])
    let view = try matrix.permuted([0, 2, 1])
    let parts = try view.gatheringParts(of: size)
    #expect(parts.count == 10)
    #expect(try parts.flatMap { try $0.contiguousBytes() } == view.contiguousBytes())
    // What lies in order is streamed, and what repeats is bounded as a whole.
    #expect(try matrix.gatheringParts(of: size).count == 1)
    let repeated = try Tensor(
      Storage([UInt8](repeating: 0, count: 4)), dtype: .float32, shape: [1 << 14, 1 << 14], strides: [0, 0],
      offset: 0)
    #expect(try repeated.gatheringParts(of: size).count == 1)
  }
}
