/// Bytes that are given out in order, piece by piece, as often as they are wanted.
public protocol Payload: Sendable {
  var byteCount: Int { get }

  /// Whether ``forEachChunk(_:)`` computes the CRC-32 of what it gives out, since it compares it with a recorded one.
  var computesChecksum: Bool { get }

  /// Where the bytes lie in a file exactly as they are given out; `nil` where they do not, or not as a whole.
  var place: FileRange? { get }

  /// What is read for it, where that is far away.
  var distance: Distance? { get }

  /// What of files is read for the bytes of a range, as far as that is known; more than once where it is wanted so.
  func extents(_ range: Range<Int>) -> [FileExtent]

  /// Gives out all bytes.
  ///
  /// - Parameter body: receives a buffer and how many of its bytes count. Nothing may be final before this returns: that
  ///   a source is damaged shows at the end.
  /// - Returns: the CRC-32 of all bytes where ``Payload/computesChecksum`` says so, otherwise `nil`.
  @discardableResult
  func forEachChunk(_ body: (_ buffer: [UInt8], _ count: Int) throws -> Void) throws -> UInt32?

  /// A pass that several threads share; `nil` where the bytes are had in order only, or at a higher cost otherwise.
  func sharedPass() -> SharedPass?

  /// Parts that are made by themselves, each by one of so many threads, and lie scattered over the payload; none where it is
  /// given out otherwise.
  func tiles(for threads: Int) -> [PayloadTile]
}

/// A part of a payload: stretches of it that lie apart.
public struct PayloadTile: Sendable {
  /// How many bytes all stretches have.
  public let byteCount: Int

  /// Gives out the stretches: some bytes of a buffer, and where in the payload they belong.
  public let forEachStretch: @Sendable (_ body: Receiver) throws -> Void

  public typealias Receiver = (_ buffer: [UInt8], _ range: Range<Int>, _ offset: Int) throws -> Void

  public init(byteCount: Int, forEachStretch: @escaping @Sendable (_ body: Receiver) throws -> Void) {
    (self.byteCount, self.forEachStretch) = (byteCount, forEachStretch)
  }
}

extension Payload {
  public var computesChecksum: Bool { false }
  public var place: FileRange? { nil }
  public var distance: Distance? { nil }
  public func extents(_ range: Range<Int>) -> [FileExtent] { [] }
  public func sharedPass() -> SharedPass? { nil }
  public func tiles(for threads: Int) -> [PayloadTile] { [] }
}

/// A stretch of a file.
public struct FileRange: Sendable {
  public let file: FileSource
  public let range: Range<Int>

  public init(_ file: FileSource, _ range: Range<Int>) { (self.file, self.range) = (file, range) }
}

/// Bytes at hand.
public struct MemoryPayload: Payload {
  let bytes: [UInt8]

  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  public var byteCount: Int { bytes.count }

  public func forEachChunk(_ body: (_ buffer: [UInt8], _ count: Int) throws -> Void) throws -> UInt32? {
    if !bytes.isEmpty { try body(bytes, bytes.count) }
    return nil
  }
}
