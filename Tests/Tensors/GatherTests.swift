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

  private func someBytes(_ count: Int, _ random: inout Seeded) -> [UInt8] {
    var bytes = (0..<min(count, 4099)).map { _ in UInt8.random(in: 0...255, using: &random) }
    while bytes.count < count { bytes += bytes }
    return Array(bytes[..<count])
  }

  /// What tiles make together; counts bytes that nobody gave.
  private func put(_ tiles: [PayloadTile], _ byteCount: Int) throws -> (bytes: [UInt8], missing: Int) {
    var bytes = [UInt8](repeating: 0, count: byteCount)
    var times = [UInt8](repeating: 0, count: byteCount)
    for tile in tiles {
      var count = 0
      try tile.forEachStretch { buffer, range, offset in
        bytes.replaceSubrange(offset..<(offset + range.count), with: buffer[range])
        for place in offset..<(offset + range.count) { times[place] += 1 }
        count += range.count
      }
      #expect(count == tile.byteCount)
    }
    return (bytes, times.count { $0 != 1 })
  }

  @Test func `tiles of a view have each element once, where it belongs`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var random = Seeded(seed)
    for round in 0..<60 {
      let dtype = [DType.uint8, .float16, .float32, .float64, .complex128][round % 5]
      let sizes = (0..<Int.random(in: 2...5, using: &random)).map { _ in
        Int.random(in: 1...24, using: &random)
      }
      let gaps = sizes.map { _ in round % 3 == 0 ? Int.random(in: 0...3, using: &random) : 0 }
      var (strides, next) = ([Int](repeating: 0, count: sizes.count), 1)
      for axis in sizes.indices.shuffled(using: &random) {
        strides[axis] = next
        next = next * sizes[axis] + gaps[axis]
      }
      let bytes = someBytes((next + 7) * dtype.byteCount, &random)
      let tensor = try Tensor(Storage(bytes), dtype: dtype, shape: sizes, strides: strides, offset: 7)
      let (threads, least) = (Int.random(in: 1...5, using: &random), Int.random(in: 1...3000, using: &random))
      let largest = least * Int.random(in: 1...9, using: &random)
      guard let tiling = GatherTiling(tensor, threads: threads, largest: largest, least: least) else {
        #expect(tensor.isContiguous || tensor.byteCount < 2 * least)
        continue
      }
      let made = try put(tiling.tiles, tensor.byteCount)
      let isRight = made.missing == 0 && made.bytes == plain(tensor, bytes)
      #expect(
        isRight, "\(dtype) \(sizes) \(strides) \(tiling.counts), seed \(seed)")
    }
  }

  @Test func `what lies in order, is small or repeats what is stored has no tiles`() throws {
    let storage = Storage([UInt8](repeating: 1, count: 9 << 20))
    let matrix = try Tensor(
      storage, dtype: .uint8, shape: [9 << 10, 1 << 10], strides: [1 << 10, 1], offset: 0)
    #expect(matrix.tiles(for: 2).isEmpty)
    let turned = try matrix.permuted([1, 0])
    #expect(turned.tiles(for: 2).count > 1)
    #expect(try turned.sliced(0..<512, axis: 0).tiles(for: 2).isEmpty)
    let repeated = try Tensor(
      Storage([UInt8](repeating: 0, count: 4)), dtype: .float32, shape: [1 << 14, 1 << 14], strides: [0, 0],
      offset: 0)
    #expect(repeated.tiles(for: 2).isEmpty)
  }

  @Test(arguments: [false, true], [false, true])
  func `tiles of short pieces compare the checksum of what they are made of`(
    isDamaged: Bool, isReadOn: Bool
  ) throws {
    let seed = UInt64.random(in: 0 ... .max)
    var random = Seeded(seed)
    let bytes = someBytes(10_000 * 90, &random)
    let storage = Storage(
      MemorySource(bytes), offset: 0, byteCount: bytes.count, label: "0",
      crc32: CRC32.of(bytes) ^ (isDamaged ? 1 : 0))
    let tensor = try Tensor(storage, dtype: .uint8, shape: [10_000, 90], strides: [1, 10_000], offset: 0)
    // Else nothing is given out before the checksum is known to be right.
    if isReadOn { storage.verifyWhileReading() }
    let tiles = try #require(GatherTiling(tensor, threads: 2, largest: 1 << 16, least: 1 << 16)).tiles
    if isDamaged {
      #expect(throws: ChecksumMismatch.self) {
        _ = try put(tiles, tensor.byteCount).missing
        if isReadOn { try storage.verify() }
      }
    } else {
      let made = try put(tiles, tensor.byteCount)
      if isReadOn { try storage.verify() }
      let isRight = try made.missing == 0 && made.bytes == tensor.contiguousBytes()
      #expect(isRight, "seed \(seed)")
    }
    #expect(storage.isVerified == !isDamaged)
  }
}
