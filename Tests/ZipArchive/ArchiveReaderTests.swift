import SutureBytes
import SutureText
import Testing

@testable import SutureZipArchive

@Suite struct `The archive reader` {
  private let plain = Archive(entries: [
    .init("a/one", [1, 2, 3]), .init("a/empty", []), .init("a/two", [4, 5]),
  ])

  private func open(_ archive: Archive) throws -> ArchiveReader {
    try ArchiveReader(MemorySource(archive.bytes))
  }

  private static let disagree = "the local header and the central directory disagree on its "

  private func reason(_ archive: Archive) -> String? {
    do {
      let reader = try open(archive)
      for record in reader.records { _ = try reader.contents(of: record, limit: 1 << 20) }
      return nil
    } catch { return (error as? Failure)?.reason }
  }

  private func changed(_ change: (inout Archive.Entry) -> Void) -> Archive {
    var archive = plain
    change(&archive.entries[0])
    return archive
  }

  @Test func `finds every payload where it lies in the file`() throws {
    let bytes = plain.bytes
    let reader = try ArchiveReader(MemorySource(bytes))
    #expect(reader.records.map(\.name) == ["a/one", "a/empty", "a/two"])
    for (record, entry) in zip(reader.records, plain.entries) {
      let payload = try #require(record.payloadOffset)
      #expect(Array(bytes[payload..<(payload + record.size)]) == entry.payload)
      #expect(try reader.contents(of: record, limit: 10) == entry.payload)
    }
    #expect(reader["a/two"]?.size == 2)
    #expect(reader["A/two"] == nil)
  }

  @Test(arguments: [0, 1, 33, 34, 35, 400, 5000, 60_000]) func `reads headers of any length`(length: Int)
    throws
  {
    // What is read at once, and what is read ahead, end within these.
    let entries = (0..<5).map { place in
      Archive.Entry(
        "\(place)" + String(repeating: "n", count: length),
        [UInt8](repeating: UInt8(place), count: place * 700))
    }
    let reader = try open(Archive(entries: entries))
    #expect(reader.records.map(\.name) == entries.map(\.name))
    for (record, entry) in zip(reader.records, entries) {
      #expect(try reader.contents(of: record, limit: 1 << 20) == entry.payload)
    }
  }

  @Test func `inflates a deflated record`() throws {
    // 64 zeros, as zlib's raw deflate writes them.
    var entry = Archive.Entry("z", [0x63, 0x60, 0xA0, 0x3D, 0x00, 0x00])
    let zeros = [UInt8](repeating: 0, count: 64)
    (entry.method, entry.size, entry.crc32) = (8, 64, CRC32.of(zeros))
    let reader = try open(Archive(entries: [entry]))
    #expect(try reader.contents(of: reader.records[0], limit: 64) == zeros)
    #expect(try reader.source(for: reader.records[0]).bytes(10..<20) == Array(zeros[..<10]))
  }

  @Test func `takes zeros for checksums as none`() throws {
    let archive = Archive(
      entries: plain.entries.map {
        var entry = $0
        entry.crc32 = 0
        return entry
      })
    let reader = try open(archive)
    #expect(!reader.recordsChecksums)
    #expect(try reader.contents(of: reader.records[0], limit: 10) == [1, 2, 3])
  }

  @Test func `is not misled by an end record in the comment`() throws {
    var archive = plain
    archive.comment = Array("PK".utf8) + [5, 6] + Array(" is no end record of ours".utf8)
    #expect(try open(archive).records.count == 3)
  }

  @Test func `warns of bytes after the end`() throws {
    let reader = try ArchiveReader(MemorySource(plain.bytes + [UInt8](repeating: 0, count: 37)))
    #expect(reader.warnings == ["37 bytes follow the end of the zip archive"])
  }

  @Test func `refuses a name that comes twice, also but for case`() {
    var archive = plain
    archive.entries[2].name = "a/one"
    #expect(
      reason(archive) == "the name comes twice in the archive (as a/one), and readers differ on which counts")
    archive.entries[2].name = "A/ONE"
    #expect(
      reason(archive) == "the name comes twice in the archive (as a/one), and readers differ on which counts")
  }

  @Test func `refuses local headers that contradict the central directory`() {
    #expect(reason(changed { $0.localMethod = 8 }) == Self.disagree + "compression method")
    #expect(reason(changed { $0.localSize = 2 }) == Self.disagree + "size")
    #expect(reason(changed { $0.localCRC = 7 }) == Self.disagree + "checksum")
    #expect(reason(changed { $0.localName = "a/ona" }) == Self.disagree + "name")
  }

  @Test func `refuses what it cannot decode`() {
    #expect(reason(changed { $0.flags |= 1 }) == "the record is encrypted")
    #expect(reason(changed { $0.localFlags = 0x0801 }) == "the record is encrypted")
    #expect(reason(changed { $0.localFlags = 0x0820 }) == "the record is compressed patched data")
    #expect(
      reason(changed { $0.method = 93 })
        == "its compression method is 93; stored (0) and deflated (8) are supported")
  }

  @Test func `refuses sizes that cannot be true`() {
    #expect(
      reason(
        changed {
          $0.size = 5; $0.localSize = 3
        }) != nil)
    #expect(
      reason(
        changed {
          $0.method = 8; $0.size = 1 << 30; $0.localSize = nil
        }) != nil)
    var archive = plain
    archive.entries[2].size = 1000
    archive.entries[2].compressedSize = 1000
    #expect(reason(archive) != nil)
  }

  @Test func `refuses records that overlap`() {
    var archive = Archive(entries: [.init("x", [1, 2]), .init("y", [1, 2])])
    archive.secondPointsToFirst = true
    archive.entries[1].localName = nil
    #expect(reason(archive) != nil)
  }

  @Test func `finds a flipped bit in each payload`() {
    #expect(reason(plain) == nil)
    var archive = plain
    for index in [0, 2] {
      archive = plain
      archive.entries[index].crc32 = CRC32.of(plain.entries[index].payload)
      archive.entries[index].payload[0] ^= 0x10
      #expect(reason(archive)?.hasPrefix("it is corrupt: its CRC-32 is ") == true)
    }
  }

  @Test func `gives an error for every truncation`() {
    let bytes = plain.bytes
    for length in 0..<bytes.count {
      #expect(throws: (any Error).self, "length \(length)") {
        try ArchiveReader(MemorySource(Array(bytes[..<length])))
      }
    }
  }

  @Test func `never traps on a changed byte`() {
    let bytes = plain.bytes
    for index in bytes.indices {
      for change in [0x01, 0x80, 0xFF] as [UInt8] {
        var damaged = bytes
        damaged[index] ^= change
        guard let reader = try? ArchiveReader(MemorySource(damaged)) else { continue }
        for record in reader.records { _ = try? reader.contents(of: record, limit: 1 << 20) }
      }
    }
  }

  @Test func `keeps to its limits`() throws {
    let error = #expect(throws: Failure.self) {
      try ArchiveReader(MemorySource(plain.bytes), recordLimit: 2)
    }
    #expect(error?.reason == "the archive has 3 records")
    let reader = try open(plain)
    #expect(throws: Failure.self) { try reader.contents(of: reader.records[0], limit: 2) }
  }

  @Test func `inflates no more in all than the size of the archive justifies`() throws {
    // 40 MB each; 64 MB may be inflated of any archive.
    var entries = ["a", "b"].map { Archive.Entry($0, [UInt8](repeating: 0, count: 50_000)) }
    for index in entries.indices { (entries[index].method, entries[index].size) = (8, 40_000_000) }
    let reader = try open(Archive(entries: entries))
    // Neither is really deflate, which is found only where it is tried.
    let first = #expect(throws: Failure.self) { try reader.contents(of: reader.records[0], limit: .max) }
    #expect(first?.reason.contains("a bomb") == false)
    let second = #expect(throws: Failure.self) { try reader.contents(of: reader.records[1], limit: .max) }
    #expect(second?.reason.hasPrefix("it would inflate from 50000 bytes to 40000000") == true)
    #expect(second?.remedies.map { "\($0)" }.joined().contains("inflation=N") == true)
  }
}
