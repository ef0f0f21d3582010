internal import SutureBytes
internal import Synchronization
public import SutureText

/// Bytes that lie in a source as they are, or big-endian.
final class StoredContents: StorageContents {
  let byteCount: Int
  private let source: any ByteSource
  private let offset: Int
  private let label: String
  private let expectedCRC: UInt32?
  /// How many bytes swap places to become little-endian; 1 where they are.
  private let swapWidth: Int
  private let verified: Atomic<Bool>
  private let defers = Atomic(false)
  /// What has passed so far, where the checksum is computed of what is read.
  private let passing = AtomicLazyReference<PassingChecksum>()

  init(
    source: any ByteSource, offset: Int, byteCount: Int, label: String, expectedCRC: UInt32?, swapWidth: Int
  ) {
    (self.source, self.offset, self.byteCount, self.label) = (source, offset, byteCount, label)
    (self.expectedCRC, self.swapWidth) = (expectedCRC, swapWidth)
    verified = Atomic(expectedCRC == nil)
  }

  /// Of a record of an archive that is far away, where the record begins.
  var origin: Int { distance?.range.lowerBound ?? offset }

  var isVerified: Bool { verified.load(ordering: .relaxed) }

  var givesParts: Bool { isVerified || defers.load(ordering: .relaxed) || passing.load() != nil }

  /// Ranges of a big-endian storage begin with a number.
  var isRandomAccess: Bool { swapWidth == 1 && source.isRandomAccess }

  func sharedPass() -> SharedPass? {
    guard isRandomAccess else { return nil }
    return SharedPass(wantsChecksum: recordsChecksum) { [source, offset] range, buffer in
      try source.read(into: &buffer, count: range.count, at: offset + range.lowerBound)
    } end: { crc32 in
      try self.compare(crc32)
    }
  }

  func deferVerification() { defers.store(true, ordering: .relaxed) }

  func verifyWhileReading() {
    if !isVerified { _ = passing.storeIfNil(PassingChecksum(byteCount)) }
  }

  func verify() throws {
    if isVerified { return }
    guard let passing = passing.load() else {
      _ = try forEachChunk { _, _ in }
      return
    }
    try withBuffer(min(Storage.chunkSize, byteCount)) { buffer in
      while let gap = passing.gap {
        let range = gap.lowerBound..<min(gap.upperBound, gap.lowerBound + Storage.chunkSize)
        try source.read(into: &buffer, count: range.count, at: offset + range.lowerBound)
        passing.add(range, buffer)
      }
    }
    try compare(passing.value ?? 0)
  }

  private func compare(_ computed: UInt32) throws {
    if let expectedCRC, computed != expectedCRC {
      throw ChecksumMismatch(
        source: source.name, label: label, offset: offset, declared: expectedCRC, computed: computed)
    }
    verified.store(true, ordering: .relaxed)
  }

  func extents(_ range: Range<Int>) -> [FileExtent] {
    source.extent((offset + range.lowerBound)..<(offset + range.upperBound)).map { [$0] } ?? []
  }

  var recordsChecksum: Bool { expectedCRC != nil }

  /// The CRC is that of the bytes as they lie in the source.
  var computesChecksum: Bool { expectedCRC != nil && swapWidth == 1 }

  var place: FileRange? {
    guard swapWidth == 1, let file = source as? FileSource else { return nil }
    return FileRange(file, offset..<(offset + byteCount))
  }

  var distance: Distance? {
    // A record of an archive has a header, which is read with it.
    byteCount == source.byteCount ? source.distance : source.distance?.part(offset..<(offset + byteCount))
  }

  func forEachChunk(_ body: (_ buffer: [UInt8], _ count: Int) throws -> Void) throws -> UInt32? {
    source.expect(offset..<(offset + byteCount))
    let size = min(Storage.chunkSize, byteCount)
    try withBuffer(size) { buffer in
      var checksum = CRC32()
      var position = 0
      while position < byteCount {
        let count = min(size, byteCount - position)
        try source.read(into: &buffer, count: count, at: offset + position)
        if expectedCRC != nil { checksum.update(buffer, count: count) }
        swap(&buffer, count: count)
        try body(buffer, count)
        position += count
      }
      try compare(checksum.value)
    }
    return computesChecksum ? expectedCRC : nil
  }

  func read(_ range: Range<Int>, into buffer: inout [UInt8]) throws {
    if !givesParts { _ = try forEachChunk { _, _ in } }
    try source.read(into: &buffer, count: range.count, at: offset + range.lowerBound)
    if !isVerified, let passing = passing.load(), let whole = passing.add(range, buffer) {
      try compare(whole)
    }
    swap(&buffer, count: range.count)
  }

  func readAside(_ range: Range<Int>, into buffer: inout [UInt8]) throws {
    try source.read(into: &buffer, count: range.count, at: offset + range.lowerBound)
    swap(&buffer, count: range.count)
  }

  private func swap(_ buffer: inout [UInt8], count: Int) {
    if swapWidth == 1 { return }
    for start in stride(from: 0, to: count - swapWidth + 1, by: swapWidth) {
      for byte in 0..<(swapWidth / 2) { buffer.swapAt(start + byte, start + swapWidth - 1 - byte) }
    }
  }
}

/// The bytes of a storage are not those that were written: their CRC-32 differs from the recorded one.
public struct ChecksumMismatch: SutureError {
  public let source: String
  public let label: String
  /// Where the storage begins in the source.
  public let offset: Int
  public let declared: UInt32
  public let computed: UInt32

  public var kind: FailureKind { .unreadable }
  public var place: FailurePlace { FailurePlace(file: source) }
  public var finding: FindingKind? { .checksum }

  public var reason: String {
    "storage \(label) at byte \(offset) is corrupt: its CRC-32 is \(hexadecimal(computed)), "
      + "the archive says \(hexadecimal(declared))"
  }

  private func hexadecimal(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}
