internal import SutureBytes
internal import SutureText

/// The contents of a record that is stored as it is, in an archive that is far away: where they begin is found out when the
/// first of them are read.
final class StoredRecord: ByteSource {
  private let archive: ArchiveReader
  private let record: Record
  private let payload = Guarded<Int?>(nil)

  init(archive: ArchiveReader, record: Record) { (self.archive, self.record) = (archive, record) }

  var name: String { archive.source.name }
  var byteCount: Int { record.size }

  /// With the local header, which is read first.
  var distance: Distance? { archive.source.distance?.part(record.extent) }

  func expect(_ range: Range<Int>) { archive.source.expect(record.extent) }

  func read(into buffer: inout [UInt8], count: Int, at offset: Int) throws {
    guard offset >= 0, count >= 0, count <= byteCount - offset else {
      throw Failure.ended(name, at: offset, needed: count)
    }
    let start = try payload.made { try archive.payloadOffset(of: record) }
    try archive.source.read(into: &buffer, count: count, at: start + offset)
  }
}
