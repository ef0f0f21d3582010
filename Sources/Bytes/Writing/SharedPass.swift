/// One pass over all bytes of a payload that several threads share: each of them takes other parts, in any order.
public struct SharedPass: Sendable {
  /// Whether ``end`` compares the CRC-32 of all bytes.
  public let wantsChecksum: Bool

  /// Fills the first `range.count` bytes of `buffer` with those of `range`.
  public let read: @Sendable (_ range: Range<Int>, _ buffer: inout [UInt8]) throws -> Void

  /// Closes the pass, once every byte has been read; nothing may be final before this returns.
  public let end: @Sendable (_ crc32: UInt32) throws -> Void

  public init(
    wantsChecksum: Bool = false,
    read: @escaping @Sendable (_ range: Range<Int>, _ buffer: inout [UInt8]) throws -> Void,
    end: @escaping @Sendable (_ crc32: UInt32) throws -> Void = { _ in }
  ) {
    (self.wantsChecksum, self.read, self.end) = (wantsChecksum, read, end)
  }
}
