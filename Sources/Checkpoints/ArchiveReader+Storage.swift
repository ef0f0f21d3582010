internal import SutureTensors
internal import SutureZipArchive

extension ArchiveReader {
  /// The contents of a record as a storage.
  func storage(of record: Record, label: String, swapWidth: Int = 1, verifies: Bool = true) -> Storage {
    let checksum = recordsChecksums && verifies ? record.crc32 : nil
    let isStored = record.method == .stored
    return Storage(
      isStored ? source : self.source(for: record), offset: isStored ? record.payloadOffset : 0,
      byteCount: record.size, label: label, crc32: checksum, swapWidth: swapWidth)
  }

  /// Every record as a storage that is called as the record is.
  var storages: [Storage] { records.map { storage(of: $0, label: $0.name) } }

  /// What a careful reader should know of the archive.
  var allWarnings: [String] {
    recordsChecksums ? warnings : warnings + ["the archive records no checksums, so none can be verified"]
  }
}
