internal import SutureBytes
internal import SutureTensors
internal import SutureZipArchive
internal import SutureText

/// The zip archive of .npy files that `numpy.savez` writes.
struct NpzArchive {
  private let archive: ArchiveReader

  static func isNpz(_ archive: ArchiveReader) -> Bool {
    !archive.records.isEmpty && archive.records.allSatisfy { $0.name.hasSuffix(".npy") }
  }

  init(_ archive: ArchiveReader) { self.archive = archive }

  /// The arrays by their names, and what is odd about them.
  func contents() throws -> (stateDict: StateDict, warnings: [String]) {
    var stateDict = StateDict()
    var warnings = archive.warnings
    if !archive.recordsChecksums { warnings.append(TorchArchive.noChecksums) }
    for record in archive.records {
      let name = String(record.name.dropLast(".npy".count))
      let file = try NpyFile(VerifiedRecord(archive, record), label: name)
      if file.trailing > 0 { warnings.append("\(file.trailing) bytes follow the array in \(record.name)") }
      try stateDict.append(name, file.tensor)
    }
    return (stateDict, warnings)
  }
}

/// A record as a source that gives out bytes only once its checksum has been verified.
///
/// The header of an array lies in the record with its elements, so its first bytes are needed to say what the rest is.
private struct VerifiedRecord: ByteSource {
  let name: String
  let byteCount: Int
  private let storage: Storage

  init(_ archive: ArchiveReader, _ record: Record) {
    name = "\(archive.source.name): \(record.name)"
    byteCount = record.size
    storage = archive.storage(of: record, label: record.name)
  }

  func read(into buffer: inout [UInt8], count: Int, at offset: Int) throws {
    guard offset >= 0, count >= 0, count <= byteCount - offset, count <= buffer.count else {
      throw Failure.ended(name, at: offset, needed: count)
    }
    try storage.read(offset..<(offset + count), into: &buffer)
  }
}
