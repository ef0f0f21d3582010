internal import SutureBytes

/// Elements that are computed from other tensors whenever they are asked for, from any place on.
///
/// Nothing is kept: what is held in memory is the piece that was asked for and what it is made of.
public struct ComputedContents: StorageContents {
  /// Fills the first `range.count` bytes of `buffer` with those of `range`, which begins and ends at a unit.
  public typealias Fill = @Sendable (_ range: Range<Int>, _ buffer: inout [UInt8]) throws -> Void

  public let byteCount: Int
  private let unit: Int
  private let sources: [Storage]
  private let fill: Fill

  /// - Parameters:
  ///   - unit: how many bytes are made at once; `byteCount` is a multiple of it.
  ///   - sources: the storages that are read for it.
  public init(byteCount: Int, unit: Int, from sources: [Storage], _ fill: @escaping Fill) {
    precondition(unit > 0 && byteCount % unit == 0)
    (self.byteCount, self.unit, self.sources, self.fill) = (byteCount, unit, sources, fill)
  }

  public var isVerified: Bool { sources.allSatisfy(\.isVerified) }

  public func forEachChunk(_ body: (_ buffer: [UInt8], _ count: Int) throws -> Void) throws -> UInt32? {
    let step = max(Storage.chunkSize / unit, 1) * unit
    try withBuffer(min(step, byteCount)) { buffer in
      var position = 0
      while position < byteCount {
        let count = min(step, byteCount - position)
        try fill(position..<(position + count), &buffer)
        try body(buffer, count)
        position += count
      }
    }
    return nil
  }

  public func read(_ range: Range<Int>, into buffer: inout [UInt8]) throws {
    if range.isEmpty { return }
    let start = range.lowerBound / unit * unit
    let end = ((range.upperBound - 1) / unit + 1) * unit
    if start..<end == range { return try fill(range, &buffer) }
    try withBuffer(end - start) { whole in
      try fill(start..<end, &whole)
      let first = range.lowerBound - start
      buffer.replaceSubrange(0..<range.count, with: whole[first..<(first + range.count)])
    }
  }
}
