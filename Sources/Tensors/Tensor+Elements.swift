internal import Bytes

extension Tensor {
  /// Gives out the elements in row-major order as little-endian bytes, piece by piece.
  ///
  /// Reads no more than the view covers (beyond one pass to verify a recorded CRC), and holds at most one piece;
  /// a view that is not contiguous is gathered from the bytes it spans, which are held as a whole.
  ///
  /// - Parameter body: receives a buffer and how many of its bytes count. Nothing may be final before this
  ///   returns: a CRC that does not match is found at the end.
  public func forEachChunk(_ body: (_ buffer: [UInt8], _ count: Int) throws -> Void) throws {
    guard hasElements else { throw TensorError.noElements(layout.name ?? "") }
    if elementCount == 0 { return }
    if !lazyBits.isEmpty {
      return try forEachStoredChunk { buffer, count in
        var resolved = buffer
        lazyBits.apply(to: &resolved, count: count, dtype: dtype)
        try body(resolved, count)
      }
    }
    try forEachStoredChunk(body)
  }

  /// The elements in row-major order as the file has them, the lazy bits left alone.
  private func forEachStoredChunk(_ body: (_ buffer: [UInt8], _ count: Int) throws -> Void) throws {
    if byteCount > Self.maximumExpansion, byteCount / 16 > byteExtent.count {
      throw TensorError.expandsTooFar(byteCount: byteCount, stored: byteExtent.count)
    }
    if isContiguous, byteExtent == 0..<storage.byteCount { return try storage.forEachChunk(body) }
    if isContiguous { return try forEachContiguousChunk(body) }
    try forEachGatheredChunk(body)
  }

  /// A view that repeats its bytes may be expanded to this size; a few bytes can describe terabytes.
  static let maximumExpansion = 1 << 32

  /// All elements in row-major order as little-endian bytes.
  ///
  /// Holds the whole tensor in memory.
  public func contiguousBytes() throws -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(byteCount)
    try forEachChunk { buffer, count in result.append(contentsOf: buffer[..<count]) }
    return result
  }

  /// All elements in row-major order as `Float`, widened or rounded from whatever floating dtype they have.
  ///
  /// - Throws: ``TensorError/notConvertible(_:to:)`` for integers, booleans and complex numbers.
  public func floats() throws -> [Float] {
    switch dtype {
    case .float32: return Self.floats(littleEndian: try contiguousBytes())
    case .float16: return HalfPrecision.float16(try contiguousBytes())
    case .bfloat16: return HalfPrecision.bfloat16(try contiguousBytes())
    case .float64:
      let bytes = try contiguousBytes()
      return (0..<elementCount).map { index in
        var bits: UInt64 = 0
        for byte in 0..<8 { bits |= UInt64(bytes[index * 8 + byte]) << UInt64(8 * byte) }
        return Float(Double(bitPattern: bits))
      }
    default: throw TensorError.notConvertible(dtype, to: .float32)
    }
  }

  /// The SHA-256 of the elements in row-major order, little-endian, as hexadecimal digits.
  public func sha256() throws -> String {
    var digest = SHA256()
    try forEachChunk { buffer, count in digest.update(buffer, count: count) }
    return digest.hexadecimal()
  }

  private static func floats(littleEndian bytes: [UInt8]) -> [Float] {
    unsafe [Float](unsafeUninitializedCapacity: bytes.count / 4) { floats, initialized in
      unsafe UnsafeMutableRawBufferPointer(floats).copyBytes(from: bytes.prefix(bytes.count / 4 * 4))
      initialized = bytes.count / 4
    }
  }

  private func forEachContiguousChunk(_ body: ([UInt8], Int) throws -> Void) throws {
    let extent = byteExtent
    var buffer = [UInt8](repeating: 0, count: min(Storage.chunkSize, extent.count))
    var position = extent.lowerBound
    while position < extent.upperBound {
      let count = min(Storage.chunkSize, extent.upperBound - position)
      try storage.read(position..<(position + count), into: &buffer)
      try body(buffer, count)
      position += count
    }
  }

  /// Walks the index space in row-major order, an odometer over the axes, and copies element by element.
  private func forEachGatheredChunk(_ body: ([UInt8], Int) throws -> Void) throws {
    let extent = byteExtent
    var spanned = [UInt8](repeating: 0, count: extent.count)
    try storage.read(extent, into: &spanned)

    let size = dtype.byteCount
    let chunk = [UInt8](repeating: 0, count: min(byteCount, Storage.chunkSize / size * size))
    var buffer = chunk
    var filled = 0
    var index = [Int](repeating: 0, count: shape.count)
    var position = 0
    for _ in 0..<elementCount {
      for byte in 0..<size { buffer[filled + byte] = spanned[position * size + byte] }
      filled += size
      if filled == buffer.count {
        try body(buffer, filled)
        filled = 0
      }
      for axis in index.indices.reversed() {
        index[axis] += 1
        position += strides[axis]
        if index[axis] < shape[axis] { break }
        position -= strides[axis] * shape[axis]
        index[axis] = 0
      }
    }
    if filled > 0 { try body(buffer, filled) }
  }
}
