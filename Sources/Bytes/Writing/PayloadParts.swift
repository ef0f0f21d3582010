/// A payload that is written in parts, by several threads.
final class PayloadParts: Sendable {
  private let pass: SharedPass
  private let count: Int
  /// Whether the bytes have to be read, for their checksum.
  let wantsChecksum: Bool
  /// What has been written.
  private let done = Guarded<(count: Int, checksums: [(start: Int, count: Int, crc32: UInt32)])>((0, []))

  /// - Parameter wantsChecksum: whether the checksum is wanted, also where the pass does not compare it.
  init(_ pass: SharedPass, count: Int, wantsChecksum: Bool) {
    (self.pass, self.count, self.wantsChecksum) = (pass, count, wantsChecksum || pass.wantsChecksum)
  }

  /// Writes a part.
  ///
  /// - Returns: what ``note(_:crc32:)`` does.
  func write(_ part: Range<Int>, to region: OutputRegion, _ progress: (Int) -> Void) throws -> UInt32? {
    var checksum = CRC32()
    try withBuffer(min(OutputRegion.blockSize, part.count)) { buffer in
      var position = part.lowerBound
      while position < part.upperBound {
        let end = min(part.upperBound, position + region.room)
        try pass.read(position..<end, &buffer)
        if wantsChecksum { checksum.update(buffer, count: end - position) }
        try region.write(buffer, count: end - position)
        progress(end - position)
        position = end
      }
    }
    return try note(part, crc32: checksum.value)
  }

  /// Notes that a part has been written.
  ///
  /// - Returns: the CRC-32 of the whole, 0 where nobody wants it; `nil` where other parts are still to be written.
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
