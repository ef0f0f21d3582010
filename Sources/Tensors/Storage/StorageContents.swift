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

  /// Whether a part is given out without all being read before: all have passed their checksum, there is none, or it is seen
  /// to otherwise.
  var givesParts: Bool { get }

  /// Whether any range costs no more than as many bytes from the start on.
  var isRandomAccess: Bool { get }

  /// Lets ranges be given out that have not passed the checksum: someone else sees to it. Who reads all of it still does.
  func deferVerification()

  /// Lets ranges be given out before all bytes have passed the checksum, which is computed of what is read. Who asks for this
  /// calls ``verify()`` before anything is final.
  func verifyWhileReading()

  /// Reads what has not been read, unless all have passed the checksum, and compares it.
  func verify() throws

  /// The counts of numbers that are lost on the way to these bytes.
  func losses(_ counts: inout LossCounts) -> [LossCount]

  /// Fills the first `range.count` bytes of `buffer` with those of `range`, verified.
  func read(_ range: Range<Int>, into buffer: inout [UInt8]) throws

  /// The same, of contents that give parts, for one who reads much in short ranges while another sees to the checksum.
  func readAside(_ range: Range<Int>, into buffer: inout [UInt8]) throws
}

extension StorageContents {
  public var recordsChecksum: Bool { false }
  public var origin: Int { 0 }
  public var givesParts: Bool { isVerified }
  public var isRandomAccess: Bool { false }

  /// Ranges, where nobody has to see to a checksum.
  public func sharedPass() -> SharedPass? {
    guard isRandomAccess, givesParts else { return nil }
    return SharedPass { range, buffer in try read(range, into: &buffer) }
  }

  public func readAside(_ range: Range<Int>, into buffer: inout [UInt8]) throws {
    try read(range, into: &buffer)
  }

  public func deferVerification() {}
  public func verifyWhileReading() {}

  public func verify() throws {
    if !isVerified { _ = try forEachChunk { _, _ in } }
  }

  public func losses(_: inout LossCounts) -> [LossCount] { [] }
}
