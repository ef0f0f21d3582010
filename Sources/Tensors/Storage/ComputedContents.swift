public import SutureBytes

/// Elements that are computed from other tensors whenever they are asked for, from any place on.
///
/// Nothing is kept: what is held in memory is the piece that was asked for and what it is made of.
public struct ComputedContents: StorageContents {
  /// Fills the first `range.count` bytes of `buffer` with those of `range`, which begins and ends at a unit.
  public typealias Fill = @Sendable (_ range: Range<Int>, _ buffer: inout [UInt8]) throws -> Void

  /// The same, and tells which numbers of the whole could not be what they were to be.
  typealias CountingFill = @Sendable (_ range: Range<Int>, _ buffer: inout [UInt8]) throws -> [Int]

  public let byteCount: Int
  private let unit: Int
  private let sources: [Storage]
  private let fill: CountingFill
  private let loss: LossCount?

  /// - Parameters:
  ///   - unit: how many bytes are made at once; `byteCount` is a multiple of it.
  ///   - sources: the storages that are read for it.
  public init(byteCount: Int, unit: Int, from sources: [Storage], _ fill: @escaping Fill) {
    self.init(byteCount: byteCount, unit: unit, from: sources, counting: nil) { range, buffer in
      try fill(range, &buffer)
      return []
    }
  }

  init(
    byteCount: Int, unit: Int, from sources: [Storage], counting loss: LossCount?,
    _ fill: @escaping CountingFill
  ) {
    precondition(unit > 0 && byteCount % unit == 0)
    (self.byteCount, self.unit, self.sources) = (byteCount, unit, sources)
    (self.fill, self.loss) = (fill, loss)
  }

  public func losses(_ counts: inout LossCounts) -> [LossCount] {
    counts.of(sources) + (loss.map { [$0] } ?? [])
  }

  public var isVerified: Bool { sources.allSatisfy(\.isVerified) }

  public var givesParts: Bool { sources.allSatisfy(\.givesParts) }

  /// What is made at once of more than a range is made again for the next.
  public var isRandomAccess: Bool { unit <= Self.smallUnit && sources.allSatisfy(\.isRandomAccess) }

  private static let smallUnit = 1 << 12

  public func verifyWhileReading() { for source in sources { source.verifyWhileReading() } }

  public func verify() throws { for source in sources { try source.verify() } }

  public func extents(_ range: Range<Int>) -> [FileExtent] {
    sources.flatMap { $0.extents(0..<$0.byteCount) }
  }

  public func forEachChunk(_ body: (_ buffer: [UInt8], _ count: Int) throws -> Void) throws -> UInt32? {
    var lost = 0
    let step = max(Storage.chunkSize / unit, 1) * unit
    try withBuffer(min(step, byteCount)) { buffer in
      var position = 0
      while position < byteCount {
        let count = min(step, byteCount - position)
        lost += try fill(position..<(position + count), &buffer).count
        try body(buffer, count)
        position += count
      }
    }
    loss?.note(pass: lost)
    return nil
  }

  public func read(_ range: Range<Int>, into buffer: inout [UInt8]) throws {
    if range.isEmpty { return }
    let start = range.lowerBound / unit * unit
    let end = ((range.upperBound - 1) / unit + 1) * unit
    if start..<end == range { return try fillPiece(range, &buffer) }
    try withBuffer(end - start) { whole in
      try fillPiece(start..<end, &whole)
      let first = range.lowerBound - start
      buffer.replaceSubrange(0..<range.count, with: whole[first..<(first + range.count)])
    }
  }

  private func fillPiece(_ range: Range<Int>, _ buffer: inout [UInt8]) throws {
    let lost = try fill(range, &buffer)
    loss?.note(places: lost)
  }
}
