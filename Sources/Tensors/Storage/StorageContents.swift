public import SutureBytes

/// Where the bytes of a storage come from: a file, a part of another storage, a computation.
public protocol StorageContents: Payload {
  /// Whether all bytes have passed their checksum, or there is none.
  var isVerified: Bool { get }

  /// Whether their source records a checksum of exactly these bytes.
  var recordsChecksum: Bool { get }

  /// Where the bytes begin in their source: the file, or what a record that is compressed inflates to; 0 where they are
  /// made.
  var origin: Int { get }

  /// Fills the first `range.count` bytes of `buffer` with those of `range`, verified.
  func read(_ range: Range<Int>, into buffer: inout [UInt8]) throws
}

extension StorageContents {
  public var recordsChecksum: Bool { false }
  public var origin: Int { 0 }
}
