import SutureBytes
import TestSupport
import Testing

@testable import SutureTensors

/// Counts how often each byte is read.
private final class CountingSource: ByteSource {
  let bytes: [UInt8]
  let reads: Guarded<[Int]>
  init(_ bytes: [UInt8]) { (self.bytes, reads) = (bytes, Guarded([Int](repeating: 0, count: bytes.count))) }
  var name: String { "counted" }
  var byteCount: Int { bytes.count }
  func read(into buffer: inout [UInt8], count: Int, at offset: Int) throws {
    reads.withLock { for place in offset..<(offset + count) { $0[place] += 1 } }
    buffer.replaceSubrange(0..<count, with: bytes[offset..<(offset + count)])
  }
}

@Suite struct `A checksum of what passes` {
  private static let bytes = (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 7) }

  private func storage(_ source: CountingSource, crc32: UInt32 = CRC32.of(bytes)) -> Storage {
    let storage = Storage(source, offset: 0, byteCount: source.byteCount, label: "0", crc32: crc32)
    storage.verifyWhileReading()
    return storage
  }

  private func read(_ range: Range<Int>, of storage: Storage) throws {
    var buffer = [UInt8](repeating: 0, count: range.count + 3)
    try storage.read(range, into: &buffer)
    #expect(Array(buffer[..<range.count]) == Array(Self.bytes[range]))
  }

  @Test(arguments: [0, 1, 7, 4999, 5000]) func `joins two stretches as if they were one`(place: Int) {
    let (first, second) = (Array(Self.bytes[..<place]), Array(Self.bytes[place...]))
    #expect(
      CRC32.joined(CRC32.of(first), CRC32.of(second), count: second.count) == CRC32.of(Self.bytes))
  }

  @Test func `is whole once every part was read, in any order, and nothing is read twice`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var random = Seeded(seed)
    for _ in 0..<20 {
      let cuts = [0] + (0..<9).map { _ in Int.random(in: 0...5000, using: &random) }.sorted() + [5000]
      let source = CountingSource(Self.bytes)
      let storage = storage(source)
      for (start, end) in zip(cuts, cuts.dropFirst()).shuffled(using: &random) {
        if start < end { try read(start..<end, of: storage) }
      }
      #expect(storage.isVerified, "seed \(seed)")
      try storage.verify()
      #expect(source.reads.withLock { $0.allSatisfy { $0 == 1 } }, "seed \(seed)")
    }
  }

  @Test func `takes what nobody asked for before it calls anything verified`() throws {
    let source = CountingSource(Self.bytes)
    let storage = storage(source)
    try read(100..<200, of: storage)
    try read(150..<300, of: storage)
    try read(4000..<5000, of: storage)
    #expect(!storage.isVerified)
    try storage.verify()
    #expect(storage.isVerified)
    #expect(source.reads.withLock { $0.allSatisfy { $0 >= 1 } })
    #expect(
      source.reads.withLock { $0[..<100].allSatisfy { $0 == 1 } && $0[300..<4000].allSatisfy { $0 == 1 } })
  }

  @Test func `keeps no more gaps than it can keep in order, and is whole all the same`() throws {
    let bytes = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 7) }
    let passing = PassingChecksum(bytes.count)
    for place in stride(from: 101, to: bytes.count, by: 2) {
      passing.add(place..<(place + 1), [bytes[place]])
    }
    while let gap = passing.gap {
      let part = gap.lowerBound..<min(gap.upperBound, gap.lowerBound + 10)
      passing.add(part, Array(bytes[part]))
    }
    #expect(passing.value == CRC32.of(bytes))
  }

  @Test func `finds damage when the last part passes, or at the end`() throws {
    let storage = storage(CountingSource(Self.bytes), crc32: 1)
    try read(0..<3000, of: storage)
    #expect(throws: ChecksumMismatch.self) { try storage.verify() }
    #expect(!storage.isVerified)
    let other = self.storage(CountingSource(Self.bytes), crc32: 1)
    try read(3000..<5000, of: other)
    var buffer = [UInt8](repeating: 0, count: 3000)
    #expect(throws: ChecksumMismatch.self) { try other.read(0..<3000, into: &buffer) }
    #expect(throws: ChecksumMismatch.self) { try other.verify() }
  }

  @Test func `that someone else compares is not taken for compared`() throws {
    let storage = Storage(
      CountingSource(Self.bytes), offset: 0, byteCount: Self.bytes.count, label: "0", crc32: 1)
    storage.deferVerification()
    try read(0..<10, of: storage)
    #expect(!storage.isVerified)
    #expect(throws: ChecksumMismatch.self) { try storage.verify() }
  }
}
