public import SutureBytes
internal import SutureNumbers

extension Tensor: Payload {
  /// Gives out the elements in row-major order as little-endian bytes, piece by piece.
  ///
  /// Reads no more than the view covers (beyond one pass to verify a recorded CRC), and holds no more than some
  /// megabytes.
  ///
  /// - Parameter body: receives a buffer and how many of its bytes count. Nothing may be final before this
  ///   returns: a CRC that does not match is found at the end.
  @discardableResult
  public func forEachChunk(_ body: (_ buffer: [UInt8], _ count: Int) throws -> Void) throws -> UInt32? {
    try forEachChunk(readsAside: false, body)
  }

  /// - Parameter readsAside: whether another sees to the checksum of what is read, if the elements are not in order.
  @discardableResult
  func forEachChunk(
    readsAside: Bool, _ body: (_ buffer: [UInt8], _ count: Int) throws -> Void
  ) throws -> UInt32? {
    guard hasElements else { throw TensorError.noElements(layout.name ?? "") }
    if elementCount == 0 { return nil }
    if lazyBits.isEmpty { return try forEachStoredChunk(readsAside, body) }
    _ = try forEachStoredChunk(readsAside) { buffer, count in
      var resolved = buffer
      lazyBits.apply(to: &resolved, count: count, dtype: dtype)
      try body(resolved, count)
    }
    return nil
  }

  public var computesChecksum: Bool { coversStorage && elementCount > 0 && storage.computesChecksum }

  public func sharedPass() -> SharedPass? {
    guard isContiguous, hasElements, lazyBits.isEmpty, elementCount > 0 else { return nil }
    return storage.joining([byteExtent]).sharedPass()
  }

  public func tiles(for threads: Int) -> [PayloadTile] { GatherTiling(self, threads: threads)?.tiles ?? [] }

  public var place: FileRange? {
    guard isContiguous, hasElements, lazyBits.isEmpty, let whole = storage.place else { return nil }
    // The checksum of a whole storage is not seen to by one who reads a part of it.
    guard coversStorage || storage.givesParts else { return nil }
    let extent = byteExtent
    let start = whole.range.lowerBound
    return FileRange(whole.file, (start + extent.lowerBound)..<(start + extent.upperBound))
  }

  /// All that the view spans, however much of it is wanted.
  public func extents(_ range: Range<Int>) -> [FileExtent] { storage.extents(byteExtent) }

  public var distance: Distance? {
    isContiguous && hasElements && elementCount > 0
      ? storage.joining([byteExtent]).distance : storage.distance
  }

  /// The elements in row-major order as the file has them, the lazy bits left alone.
  private func forEachStoredChunk(
    _ readsAside: Bool, _ body: (_ buffer: [UInt8], _ count: Int) throws -> Void
  ) throws -> UInt32? {
    if byteCount > Self.maximumExpansion, byteCount / 16 > byteExtent.count {
      throw TensorError.expandsTooFar(byteCount: byteCount, stored: byteExtent.count)
    }
    guard isContiguous else {
      try Gather(self, readsAside: readsAside).forEachChunk(body)
      return nil
    }
    return try storage.joining([byteExtent]).forEachChunk(body)
  }

  /// A view that repeats its bytes may be expanded to this size; a few bytes can describe terabytes.
  static let maximumExpansion = 1 << 30

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
    guard dtype.floatFormat != nil, let floats = dtype.codec?.floats(try contiguousBytes()) else {
      throw TensorError.notConvertible(dtype, to: .float32)
    }
    return floats
  }

  /// The SHA-256 of the elements in row-major order, little-endian, as hexadecimal digits.
  public func sha256() throws -> String {
    var digest = try SHA256()
    try forEachChunk { buffer, count in digest.update(buffer, count: count) }
    return digest.hexadecimal()
  }
}
