internal import SutureText

/// A file as it will be: pieces that follow one another without a gap, and an end.
///
/// All sizes are known before a byte is read, so pieces can be written in any order and by several threads.
public struct OutputPlan: Sendable {
  public struct Piece: Sendable {
    /// What stands before the payload.
    let head: [UInt8]
    let payload: any Payload
    /// What stands behind it, made of the payload's CRC-32, and how long that is.
    let tail: (@Sendable (UInt32) -> [UInt8])?
    let tailSize: Int

    /// - Parameter tail: what stands behind the payload; whoever gives one wants its CRC-32 computed.
    public init(
      head: [UInt8] = [], _ payload: any Payload, tailSize: Int = 0,
      tail: (@Sendable (_ crc32: UInt32) -> [UInt8])? = nil
    ) {
      (self.head, self.payload, self.tailSize, self.tail) = (head, payload, tailSize, tail)
    }
  }

  public let pieces: [Piece]
  /// Where each piece begins.
  let offsets: [Int]
  /// Where each piece's payload lies; of many pieces, most are asked for nothing else.
  let payloadRanges: [Range<Int>]
  /// Where the end begins.
  public let endOffset: Int
  let endSize: Int
  /// Makes the end of the CRCs of all payloads, 0 for those that want none.
  let end: @Sendable (_ checksums: [UInt32]) -> [UInt8]

  /// How long the file will be.
  public let byteCount: Int

  /// - Throws: ``ArithmeticOverflow`` where no file could be so long.
  public init(
    _ pieces: [Piece], endSize: Int = 0,
    end: @escaping @Sendable (_ checksums: [UInt32]) -> [UInt8] = { _ in [] }
  ) throws(ArithmeticOverflow) {
    var (offsets, payloadRanges): ([Int], [Range<Int>]) = ([], [])
    offsets.reserveCapacity(pieces.count)
    payloadRanges.reserveCapacity(pieces.count)
    var position = 0
    for piece in pieces {
      offsets.append(position)
      let start = try position.adding(checked: piece.head.count)
      let end = try start.adding(checked: piece.payload.byteCount)
      payloadRanges.append(start..<end)
      position = try end.adding(checked: piece.tailSize)
    }
    (self.pieces, self.offsets, self.payloadRanges, endOffset) = (pieces, offsets, payloadRanges, position)
    (self.endSize, self.end) = (endSize, end)
    byteCount = try position.adding(checked: endSize)
  }

  /// What is written, in the order of the file.
  public var payloads: [any Payload] { pieces.map(\.payload) }

  /// How many bytes the payloads have.
  public var payloadByteCount: Int { payloadRanges.reduce(0) { $0 &+ $1.count } }
}

extension OutputPlan {
  /// Writes piece by piece in the order of the file.
  ///
  /// - Parameter progress: is told how many more bytes of payload have been written.
  func write(to sink: some ByteSink, progress: (Int) -> Void) throws {
    var checksums: [UInt32] = []
    checksums.reserveCapacity(pieces.count)
    for piece in pieces { checksums.append(try piece.write(to: sink, progress: progress)) }
    try sink.write(checkedEnd(checksums))
  }

  /// Whether `file`, which is as long as this, has everything that is at hand: the heads of all pieces, and what comes
  /// from memory.
  public func agrees(with file: some ByteSource) throws -> Bool {
    for (piece, offset) in zip(pieces, offsets) {
      var known = piece.head
      if let payload = piece.payload as? MemoryPayload { known += payload.bytes }
      if try !known.isEmpty && file.bytes(offset..<(offset + known.count)) != known { return false }
    }
    return true
  }

  /// Adds everything that is at hand, and the lengths of what is not.
  public func describe(to digest: inout SHA256) {
    func add(_ bytes: [UInt8]) { digest.update(Array("\(bytes.count):".utf8) + bytes) }
    for piece in pieces {
      add(piece.head)
      if let payload = piece.payload as? MemoryPayload {
        add(payload.bytes)
      } else {
        digest.update(Array("\(piece.payload.byteCount) bytes,".utf8))
      }
    }
    // As it would be if all checksums were 0: they are those of the payloads.
    add(end([UInt32](repeating: 0, count: pieces.count)))
  }

  func checkedEnd(_ checksums: [UInt32]) throws -> [UInt8] { try checked(end(checksums), endSize) }
}

extension OutputPlan.Piece {
  /// Writes the piece and gives the CRC-32 of its payload; 0 where nobody wants it.
  func write(to sink: some ByteSink, progress: (Int) -> Void) throws -> UInt32 {
    if !head.isEmpty { try sink.write(head, count: head.count) }
    let crc32 = try writePayload(to: sink, progress)
    try sink.write(checkedTail(crc32))
    return crc32
  }

  /// Writes the payload and gives its CRC-32; 0 where nobody wants it.
  func writePayload(to sink: some ByteSink, _ progress: (Int) -> Void) throws -> UInt32 {
    var checksum = CRC32()
    let computesItself = tail != nil && !payload.computesChecksum
    var written = 0
    let known = try payload.forEachChunk { buffer, count in
      if computesItself { checksum.update(buffer, count: count) }
      try sink.write(buffer, count: count)
      written += count
      progress(count)
    }
    guard written == payload.byteCount else { throw Failure.wrongSize(payload.byteCount, written) }
    if tail == nil { return 0 }
    guard let crc32 = computesItself ? checksum.value : known else {
      throw Failure(.unreadable, "the checksum of a record was not computed")
    }
    return crc32
  }

  /// What stands behind a payload of that checksum.
  func checkedTail(_ crc32: UInt32) throws -> [UInt8] {
    guard let tail else { return [] }
    return try checked(tail(crc32), tailSize)
  }
}

/// What was made has the length that everything behind it counts on.
private func checked(_ bytes: [UInt8], _ size: Int) throws -> [UInt8] {
  guard bytes.count == size else { throw Failure.wrongSize(size, bytes.count) }
  return bytes
}

extension Failure {
  /// A payload gave another number of bytes than everything behind it counts on.
  static func wrongSize(_ declared: Int, _ written: Int) -> Failure {
    Failure(.unreadable, "\(declared) bytes were promised, and \(written) came")
  }
}
