public import SutureBytes
internal import Synchronization

/// A range of bytes that one or more tensors view, read only when asked.
///
/// A storage is a reference: two tensors are aliases where they hold the same object.
public final class Storage: Payload {
  /// What the file calls it: the record's key in a `.pth`, the tensor's name in a `.safetensors`.
  public let label: String
  public let byteCount: Int

  private let origin: Origin
  /// What reads the bytes of a file, once they are asked for: most of a file's storages are only looked at.
  private let stored = AtomicLazyReference<StoredContents>()
  /// Where in the whole a slice begins.
  let placeInWhole: Int
  /// The storage that this is a slice of; `nil` where it is none.
  private let sliced: Storage?

  private enum Origin {
    case file(source: any ByteSource, offset: Int, crc32: UInt32?, swapWidth: Int)
    case made(any StorageContents)
  }

  /// What tells one whole storage from another, and keeps it alive: an object that is gone may have another's address.
  struct Identity: Hashable, Sendable {
    fileprivate let whole: Storage

    static func == (one: Self, other: Self) -> Bool { one.whole === other.whole }
    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(whole)) }
  }

  /// A storage of `byteCount` bytes from `offset` in `source`.
  ///
  /// - Parameter crc32: the checksum of the whole storage, where the file records one. Every byte that is given
  ///   out has passed it.
  /// - Parameter swapWidth: how wide the numbers of a big-endian storage are; they are given out little-endian.
  public init(
    _ source: any ByteSource, offset: Int, byteCount: Int, label: String, crc32: UInt32? = nil,
    swapWidth: Int = 1
  ) {
    origin = .file(source: source, offset: offset, crc32: crc32, swapWidth: swapWidth)
    (self.label, self.byteCount, placeInWhole, sliced) = (label, byteCount, 0, nil)
  }

  /// A storage in memory.
  public convenience init(_ bytes: [UInt8], label: String = "memory", swapWidth: Int = 1) {
    self.init(
      MemorySource(bytes, name: label), offset: 0, byteCount: bytes.count, label: label, swapWidth: swapWidth)
  }

  /// A storage whose bytes are made when they are asked for.
  public init(_ contents: any StorageContents, label: String) {
    (origin, self.label, byteCount) = (.made(contents), label, contents.byteCount)
    (placeInWhole, sliced) = (0, nil)
  }

  private init(slice range: Range<Int>, of storage: Storage, label: String) {
    origin = .made(JoinedContents(storage.contents, ranges: [range]))
    (self.label, byteCount, sliced) = (label, range.count, storage.whole)
    placeInWhole = storage.placeInWhole + range.lowerBound
  }

  var contents: any StorageContents {
    switch origin {
    case .made(let contents): contents
    case .file(let source, let offset, let crc32, let swapWidth):
      stored.load()
        ?? stored.storeIfNil(
          StoredContents(
            source: source, offset: offset, byteCount: byteCount, label: label, expectedCRC: crc32,
            swapWidth: swapWidth))
    }
  }

  /// What all slices of one storage have in common.
  var wholeID: Identity { Identity(whole: whole) }

  /// A part of this storage under a name of its own, as torch 0.1 to 0.4 save them.
  ///
  /// It stays an alias of what it is a part of.
  public func slice(_ range: Range<Int>, label: String) -> Storage {
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount)
    return Storage(slice: range, of: self, label: label)
  }

  /// What this is a slice of; itself where it is none.
  public var whole: Storage { sliced ?? self }

  /// How many bytes are read at a time.
  public static let chunkSize = 1 << 18

  /// Where it begins in its source: the file, or what a record that is compressed inflates to.
  public var offset: Int { contents.origin }

  public var place: FileRange? { contents.place }

  public var distance: Distance? { contents.distance }

  public func extents(_ range: Range<Int>) -> [FileExtent] { contents.extents(range) }

  /// Lets ranges be given out that have not passed the checksum, where someone else compares it; who reads all still does.
  public func deferVerification() { contents.deferVerification() }

  /// Lets ranges be given out before all bytes have passed the checksum, which is computed as they are read.
  ///
  /// Nothing that was made of them may be final before ``verify()`` has returned.
  public func verifyWhileReading() { contents.verifyWhileReading() }

  /// Whether a range is given out without all being read before.
  var givesParts: Bool { contents.givesParts }

  /// Whether any range costs no more than as many bytes from the start on.
  var isRandomAccess: Bool { contents.isRandomAccess }

  public var computesChecksum: Bool { contents.computesChecksum }

  public func sharedPass() -> SharedPass? { contents.sharedPass() }

  /// Gives out the whole storage in order, piece by piece, and checks the CRC at the end.
  ///
  /// - Parameter body: receives a buffer and how many of its bytes count. Bytes of a storage that turns out to be
  ///   corrupt have been given out when the error comes, so nothing may be final before this returns.
  /// - Throws: ``ChecksumMismatch``, and what the source throws.
  @discardableResult
  public func forEachChunk(_ body: (_ buffer: [UInt8], _ count: Int) throws -> Void) throws -> UInt32? {
    try contents.forEachChunk(body)
  }

  /// Whether all bytes have passed the checksum, or there is none.
  public var isVerified: Bool { contents.isVerified }

  func losses(_ counts: inout LossCounts) -> [LossCount] { contents.losses(&counts) }

  /// Reads everything once, as far as that was not done before, and checks the CRC.
  public func verify() throws { try contents.verify() }

  /// Fills the first `range.count` bytes of `buffer` with those of `range`.
  ///
  /// The first read of a storage with a CRC verifies all of it, unless ``verifyWhileReading()`` was called. In a big-endian storage the range begins with a
  /// number.
  public func read(_ range: Range<Int>, into buffer: inout [UInt8]) throws {
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount && range.count <= buffer.count)
    try contents.read(range, into: &buffer)
  }

  /// Whether the file records a checksum for these bytes.
  public var recordsChecksum: Bool { contents.recordsChecksum }

  /// A storage of some of these bytes, those of `ranges` one after another, under the same name.
  ///
  /// - Parameter ranges: ascending and apart.
  public func joining(_ ranges: [Range<Int>]) -> Storage {
    if ranges == [0..<byteCount] { return self }
    return Storage(JoinedContents(contents, ranges: ranges), label: label)
  }
}
