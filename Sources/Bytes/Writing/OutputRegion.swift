internal import Synchronization

/// A stretch of an output file that one thread writes from its start on.
///
/// Short ones are gathered.
final class OutputRegion: ByteSink {
  private let output: OutputFile
  private var position: Int
  private var pending: [UInt8] = []

  /// Writes end at multiples of this, for which the page cache then takes pages of this size: unaligned ones of the same length
  /// take a quarter more time, and much longer ones several times as much.
  static let blockSize = 1 << 18
  /// Less is copied to what is written with it.
  private static let leastDirect = 1 << 16

  init(_ output: OutputFile, at position: Int) { (self.output, self.position) = (output, position) }

  func write(_ bytes: [UInt8], count: Int) throws {
    var start = 0
    while start < count {
      if pending.isEmpty, count - start >= Self.leastDirect {
        try output.write(bytes, start..<count, at: position)
        position += count - start
        return
      }
      let end = min(count, start + room)
      pending.append(contentsOf: bytes[start..<end])
      start = end
      if room == Self.blockSize { try flush() }
    }
  }

  func flush() throws {
    if pending.isEmpty { return }
    try output.write(pending, 0..<pending.count, at: position)
    position += pending.count
    pending.removeAll(keepingCapacity: true)
  }

  /// Writes a part of a piece's payload.
  ///
  /// - Parameter pass: what parts are taken from; `nil` where the part is all of it.
  /// - Returns: the CRC-32 of the payload, 0 where nobody wants it; `nil` where other parts of it are still to be written.
  func write(
    _ piece: OutputPlan.Piece, _ part: Range<Int>, _ pass: PayloadParts?, _ progress: (Int) -> Void
  ) throws -> UInt32? {
    if pass?.wantsChecksum != true, try share(piece, part) {
      progress(part.count)
      return try pass == nil ? 0 : pass?.note(part, crc32: 0)
    }
    return try pass == nil ? piece.writePayload(to: self, progress) : pass?.write(part, to: self, progress)
  }

  /// Lets the file have the extents of another in which a part of a payload lies; `false` where that cannot be.
  ///
  /// Only whole blocks can be shared, at the same place within a block in both files; what is left at the edges is
  /// copied. A payload whose checksum is wanted has to be read anyway.
  private func share(_ piece: OutputPlan.Piece, _ part: Range<Int>) throws -> Bool {
    let block = Self.sharedSize
    guard part.count >= Self.leastShared, output.mayClone.load(ordering: .relaxed), piece.tail == nil,
      !piece.payload.computesChecksum, let place = piece.payload.place
    else { return false }
    let source = (place.range.lowerBound + part.lowerBound)..<(place.range.lowerBound + part.upperBound)
    let start = position + pending.count
    guard start % block == source.lowerBound % block else { return false }
    let first = (block - start % block) % block
    let length = (source.count - first) / block * block
    let from = source.lowerBound + first
    guard output.share(place.file, from: from, count: length, at: start + first) else { return false }
    try copy(place.file, source.lowerBound..<from)
    try flush()
    position += length
    try copy(place.file, (from + length)..<source.upperBound)
    return true
  }

  private func copy(_ file: FileSource, _ range: Range<Int>) throws {
    if range.isEmpty { return }
    let bytes = try file.bytes(range)
    try write(bytes, count: bytes.count)
  }

  /// A multiple of every block size in use; file systems refuse what does not suit them.
  private static let sharedSize = 4096
  private static let leastShared = 1 << 16

  /// How many bytes until a write should end.
  var room: Int { Self.blockSize - (position + pending.count) % Self.blockSize }
}
