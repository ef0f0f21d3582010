import Glibc
import SutureBytes
import SutureText
import Testing

@testable import SutureZipArchive
import TestSupport

@Suite struct `A stored archive` {
  private func write(_ records: [(String, [UInt8])]) throws -> [UInt8] {
    let path = "/tmp/suture-archive-\(UInt64.random(in: 0 ... .max))"
    defer { unlink(path) }
    let output = try OutputFile(path)
    var archive = StoredArchivePlan(prefix: "archive")
    for (name, bytes) in records { try archive.add(name, bytes) }
    try output.write(try archive.finish(identity: ".data/serialization_id"), workers: 2) { _ in }
    try output.commit(replacing: false)
    return try contents(of: path)
  }

  @Test func `writes what the reader reads, each payload on a multiple of 64`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = SystemRandomNumberGenerator()
    let records = (0..<40).map { index in
      (
        "data/\(index)",
        (0..<Int.random(in: 0...500, using: &generator)).map { _ in UInt8.random(in: 0...255) }
      )
    }
    let reader = try ArchiveReader(MemorySource(try write(records)))
    #expect(reader.records.count == 41, "seed \(seed)")
    for (name, bytes) in records {
      let record = try #require(reader["archive/" + name])
      #expect(try #require(record.payloadOffset) % 64 == 0)
      #expect(try reader.contents(of: record, limit: 500) == bytes)
    }
    #expect(reader.warnings.isEmpty)
  }

  @Test func `gives the same bytes for the same records`() throws {
    let records = [("data.pkl", [1, 2, 3] as [UInt8]), ("version", Array("3\n".utf8))]
    #expect(try write(records) == write(records))
  }

  @Test func `refuses two records of one name, and a name that is too long`() throws {
    var archive = StoredArchivePlan(prefix: "archive")
    try archive.add("x", [1])
    #expect(throws: Failure.self) { try archive.add("x", [2]) }
    #expect(throws: Failure.self) { try archive.add(String(repeating: "x", count: 65_530), [2]) }
  }

  @Test func `switches to 64 bits where 32 do not reach`() {
    let name = Array("a".utf8)
    let small = TorchLayout.localHeader(name: name, size: 0xFFFF_FFFE, offset: 0)
    #expect(Array(small[31..<33]) == Array("FB".utf8))
    let large = TorchLayout.localHeader(name: name, size: 0xFFFF_FFFF, offset: 0)
    #expect(Array(large[31..<35]) == [1, 0, 16, 0])
    let far = TorchLayout.localHeader(name: name, size: 1, offset: 0xFFFF_FFFF)
    #expect(Array(far[31..<35]) == [1, 0, 8, 0])
    #expect((0xFFFF_FFFF + far.count) % 64 == 0)
    #expect(TorchLayout.descriptor(crc32: 1, size: 1, offset: 0).count == 16)
    #expect(TorchLayout.descriptor(crc32: 1, size: 1, offset: 0xFFFF_FFFF).count == 24)
    #expect(TorchLayout.descriptor(crc32: 0, size: 0, offset: 0).isEmpty)
    let central = TorchLayout.centralHeader(name: name, crc32: 1, size: 0xFFFF_FFFF, offset: 0xFFFF_FFFF)
    #expect(Array(central[20..<28]) == [UInt8](repeating: 0xFF, count: 8))
    #expect(Array(central[47..<51]) == [1, 0, 24, 0])
  }
}
