public import Bytes
internal import Synchronization

/// A range of bytes that one or more tensors view, read only when asked.
///
/// A storage is a reference: two tensors are aliases where they hold the same object.
public final class Storage: Sendable {
  /// What the file calls it: the record's key in a `.pth`, the tensor's name in a `.safetensors`.
  public let label: String
  public let byteCount: Int

  private let source: any ByteSource
  /// Where it begins in its source: the file, or what a record that is compressed inflates to.
  public let offset: Int
  private let expectedCRC: UInt32?
  /// How many bytes swap places to become little-endian; 1 where they are.
  private let swapWidth: Int
  /// What all slices of one storage have in common.
  let wholeID: Identity
  /// Where in the whole a slice begins.
  let placeInWhole: Int

  final class Identity: Sendable {}
  private let verified: Atomic<Bool>

  /// A storage of `byteCount` bytes from `offset` in `source`.
  ///
  /// - Parameter crc32: the checksum of the whole storage, where the file records one. Every byte that is given
  ///   out has passed it.
  /// - Parameter swapWidth: how wide the numbers of a big-endian storage are; they are given out little-endian.
  public convenience init(
    _ source: any ByteSource, offset: Int, byteCount: Int, label: String, crc32: UInt32? = nil,
    swapWidth: Int = 1
  ) {
    self.init(
      source, offset: offset, byteCount: byteCount, label: label, crc32: crc32, swapWidth: swapWidth,
      wholeID: Identity(), placeInWhole: 0)
  }

  private init(
    _ source: any ByteSource, offset: Int, byteCount: Int, label: String, crc32: UInt32?, swapWidth: Int,
    wholeID: Identity, placeInWhole: Int
  ) {
    (self.wholeID, self.placeInWhole) = (wholeID, placeInWhole)
    self.source = source
    self.offset = offset
    self.byteCount = byteCount
    self.label = label
    self.swapWidth = swapWidth
    expectedCRC = crc32
    verified = Atomic(crc32 == nil)
  }

  /// A storage in memory.
  public convenience init(_ bytes: [UInt8], label: String = "memory", swapWidth: Int = 1) {
    self.init(
      MemorySource(bytes, name: label), offset: 0, byteCount: bytes.count, label: label, swapWidth: swapWidth)
  }

  /// A part of this storage under a name of its own, as torch 0.1 to 0.4 save them.
  ///
  /// It stays an alias of what it is a part of.
  public func slice(_ range: Range<Int>, label: String) -> Storage {
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount && expectedCRC == nil)
    return Storage(
      source, offset: offset + range.lowerBound, byteCount: range.count, label: label, crc32: nil,
      swapWidth: swapWidth, wholeID: wholeID, placeInWhole: placeInWhole + range.lowerBound)
  }

  /// How many bytes are read at a time.
  public static let chunkSize = 1 << 20

  /// Gives out the whole storage in order, piece by piece, and checks the CRC at the end.
  ///
  /// - Parameter body: receives a buffer and how many of its bytes count. Bytes of a storage that turns out to be
  ///   corrupt have been given out when the error comes, so nothing may be final before this returns.
  /// - Throws: ``ChecksumMismatch``, and what the source throws.
  public func forEachChunk(_ body: (_ buffer: [UInt8], _ count: Int) throws -> Void) throws {
    var buffer = [UInt8](repeating: 0, count: min(Self.chunkSize, byteCount))
    var checksum = CRC32()
    var position = 0
    while position < byteCount {
      let count = min(Self.chunkSize, byteCount - position)
      try source.read(into: &buffer, count: count, at: offset + position)
      if expectedCRC != nil { checksum.update(buffer, count: count) }
      swap(&buffer, count: count)
      try body(buffer, count)
      position += count
    }
    if let expectedCRC, checksum.value != expectedCRC {
      throw ChecksumMismatch(
        source: source.name, label: label, offset: offset, declared: expectedCRC, computed: checksum.value)
    }
    verified.store(true, ordering: .relaxed)
  }

  /// Whether all bytes have passed the checksum, or there is none.
  public var isVerified: Bool { verified.load(ordering: .relaxed) }

  /// Reads everything once, unless that was done before, and checks the CRC.
  public func verify() throws {
    if isVerified { return }
    try forEachChunk { _, _ in }
  }

  /// Fills the first `range.count` bytes of `buffer` with those of `range`.
  ///
  /// The first read of a storage with a CRC verifies all of it. In a big-endian storage the range begins with a
  /// number.
  public func read(_ range: Range<Int>, into buffer: inout [UInt8]) throws {
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount)
    try verify()
    try source.read(into: &buffer, count: range.count, at: offset + range.lowerBound)
    swap(&buffer, count: range.count)
  }

  /// Whether the file records a checksum for these bytes.
  public var recordsChecksum: Bool { expectedCRC != nil }

  private func swap(_ buffer: inout [UInt8], count: Int) {
    if swapWidth == 1 { return }
    for start in stride(from: 0, to: count - swapWidth + 1, by: swapWidth) {
      for byte in 0..<(swapWidth / 2) { buffer.swapAt(start + byte, start + swapWidth - 1 - byte) }
    }
  }
}

/// The bytes of a storage are not those that were written: their CRC-32 differs from the recorded one.
public struct ChecksumMismatch: Error, CustomStringConvertible {
  public let source: String
  public let label: String
  /// Where the storage begins in the source.
  public let offset: Int
  public let declared: UInt32
  public let computed: UInt32

  public var description: String {
    "\(source): storage \(label) at byte \(offset) is corrupt: its CRC-32 is \(hexadecimal(computed)), "
      + "the archive says \(hexadecimal(declared))"
  }

  private func hexadecimal(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}
