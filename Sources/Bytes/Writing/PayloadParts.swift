/// A payload that several threads take in parts.
package final class PayloadParts: Sendable {
  private let pass: SharedPass
  private let count: Int
  /// Whether the bytes have to be read, for their checksum.
  package let wantsChecksum: Bool
  /// What has been taken.
  private let done = Guarded<(count: Int, checksums: [(start: Int, count: Int, crc32: UInt32)])>((0, []))

  /// - Parameter wantsChecksum: whether the checksum is wanted, also where the pass does not compare it.
  package init(_ pass: SharedPass, count: Int, wantsChecksum: Bool = false) {
    (self.pass, self.count, self.wantsChecksum) = (pass, count, wantsChecksum || pass.wantsChecksum)
  }

  /// Writes a part.
  ///
  /// - Returns: what ``note(_:crc32:)`` does.
  func write(_ part: Range<Int>, to region: OutputRegion, _ progress: (Int) -> Void) throws -> UInt32? {
    try read(part, upTo: OutputRegion.blockSize, size: { _ in region.room }) { buffer, range in
      try region.write(buffer, count: range.count)
      progress(range.count)
    }
  }

  /// Reads a part, piece by piece.
  ///
  /// - Parameters:
  ///   - most: no piece is longer.
  ///   - size: how long the piece should be that begins at a place.
  ///   - body: receives a buffer that begins with the bytes of the range. Nothing may be final before all parts have been read.
  /// - Returns: what ``note(_:crc32:)`` does.
  @discardableResult
  package func read(
    _ part: Range<Int>, upTo most: Int, size: (_ position: Int) -> Int,
    _ body: (_ buffer: [UInt8], _ range: Range<Int>) throws -> Void
  ) throws -> UInt32? {
    var checksum = CRC32()
    try withBuffer(min(most, part.count)) { buffer in
      var position = part.lowerBound
      while position < part.upperBound {
        let range = position..<min(part.upperBound, position + size(position))
        try pass.read(range, &buffer)
        if wantsChecksum { checksum.update(buffer, count: range.count) }
        try body(buffer, range)
        position = range.upperBound
      }
    }
    return try note(part, crc32: checksum.value)
  }

  /// Notes that a part has been taken.
  ///
  /// - Returns: the CRC-32 of the whole, 0 where nobody wants it; `nil` where other parts are still to be taken.
  func note(_ part: Range<Int>, crc32: UInt32) throws -> UInt32? {
    let all = done.withLock { done in
      done.count += part.count
      if wantsChecksum { done.checksums.append((part.lowerBound, part.count, crc32)) }
      return done.count == count ? done.checksums : nil
    }
    guard let all else { return nil }
    let whole = all.sorted { $0.start < $1.start }
      .reduce(UInt32(0)) { CRC32.joined($0, $1.crc32, count: $1.count) }
    try pass.end(whole)
    return whole
  }
}
