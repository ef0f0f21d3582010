import SutureBytes
import TestSupport
import Testing

@testable import SutureZipArchive

/// Archives that are known by another of their layout.
@Suite struct `An archive's layout` {
  private func archive(_ payload: [UInt8], id: [UInt8] = [7, 7], pickle: [UInt8] = [1, 2, 3]) -> Archive {
    Archive(entries: [
      .init("a/data.pkl", pickle), .init("a/data/0", payload), .init("a/version", [3]), .init("a/id", id),
    ])
  }

  private func template(_ archive: Archive) throws -> ArchiveTemplate? {
    let reader = try ArchiveReader(MemorySource(archive.bytes))
    let payload = try #require(reader["a/data/0"])
    return try ArchiveTemplate(reader, payload: payload) { $0.name == "a/id" }
  }

  private func checksum(_ other: [UInt8]) throws -> UInt32?? {
    let template = try #require(try template(archive([1, 2, 3, 4])))
    return try template.match(MemorySource(other)).map(\.checksum)
  }

  @Test func `is that of another with other contents, whose checksum it tells`() throws {
    let other: [UInt8] = [9, 8, 7, 6]
    #expect(try checksum(archive(other, id: [5, 4]).bytes) == .some(CRC32.of(other)))
    let template = try #require(try template(archive([1, 2, 3, 4])))
    let bytes = archive(other).bytes
    #expect(Array(bytes[template.payloadRange]) == other)
  }

  @Test func `says that there is no checksum where it is 0`() throws {
    var other = archive([9, 8, 7, 6])
    other.entries[1].crc32 = 0
    #expect(try checksum(other.bytes) == .some(nil))
  }

  @Test func `is not that of an archive of another pickle, size, name or flag`() throws {
    #expect(try checksum(archive([9, 8, 7, 6], pickle: [1, 2, 4]).bytes) == nil)
    #expect(try checksum(archive([9, 8, 7]).bytes) == nil)
    var other = archive([9, 8, 7, 6])
    other.entries[2].name = "a/Version"
    #expect(try checksum(other.bytes) == nil)
    other = archive([9, 8, 7, 6])
    other.entries[1].flags = 1
    #expect(try checksum(other.bytes) == nil)
  }

  @Test func `is not that of an archive whose checksums disagree, or are not those of what is looked at`()
    throws
  {
    var other = archive([9, 8, 7, 6])
    other.entries[1].localCRC = 5
    #expect(try checksum(other.bytes) == nil)
    other = archive([9, 8, 7, 6], id: [5, 4])
    other.entries[3].crc32 = 5
    #expect(try checksum(other.bytes) == nil)
  }

  @Test func `is told of no archive with a comment, or without a checksum`() throws {
    var other = archive([1, 2, 3, 4])
    other.comment = [1]
    #expect(try template(other) == nil)
    other = archive([1, 2, 3, 4])
    other.entries[1].crc32 = 0
    #expect(try template(other) == nil)
  }

  /// Between its directory and its end there is another end record, as for archives of more than 4 GiB.
  @Test func `is told of an archive as torch writes it`() throws {
    func written(_ payload: [UInt8]) throws -> [UInt8] {
      let folder = try TemporaryFolder()
      var archive = StoredArchivePlan(prefix: "archive")
      try archive.add("data.pkl", [1, 2, 3])
      try archive.add("data/0", payload)
      try archive.add("version", [3])
      let output = try OutputFile(folder.path + "/a.pt")
      try output.write(try archive.finish(identity: ".data/serialization_id"), workers: 1) { _ in }
      try output.commit(replacing: false)
      return try contents(of: output.path)
    }
    let reader = try ArchiveReader(MemorySource(try written([1, 2, 3, 4])))
    let payload = try #require(reader["archive/data/0"])
    let template = try #require(
      try ArchiveTemplate(reader, payload: payload) { $0.name == "archive/.data/serialization_id" })
    let other: [UInt8] = [9, 8, 7, 6]
    #expect(try template.match(MemorySource(try written(other)))?.checksum == CRC32.of(other))
  }

  /// Whatever byte is changed outside of what may differ, the archive is another.
  @Test func `is changed by every byte around the contents`() throws {
    let first = archive([1, 2, 3, 4]).bytes
    let template = try #require(try template(archive([1, 2, 3, 4])))
    for place in first.indices where !template.payloadRange.contains(place) {
      var other = first
      other[place] ^= 1
      let match = try template.match(MemorySource(other))
      #expect(match == nil, "byte \(place)")
    }
  }
}
