internal import SutureTensors
internal import SutureText
internal import SutureZipArchive

extension ArchiveReader {
  /// The contents of a record as a storage.
  func storage(of record: Record, label: String, swapWidth: Int = 1, verifies: Bool = true) -> Storage {
    let checksum = recordsChecksums && verifies ? record.checksum : nil
    let place = record.method == .stored ? record.payloadOffset : nil
    return Storage(
      place == nil ? self.source(for: record) : source, offset: place ?? 0,
      byteCount: record.size, label: label, crc32: checksum, swapWidth: swapWidth)
  }

  /// Every record as a storage that is called as the record is.
  var storages: [Storage] { records.map { storage(of: $0, label: $0.name) } }

  /// What a careful reader should know of the archive.
  var allWarnings: [String] {
    if !recordsChecksums { return warnings + ["the archive records no checksums, so none can be verified"] }
    let count = records.count { $0.checksum == nil }
    if count == 0 { return warnings }
    return warnings + [
      "\(Format.plural(count, "record")) of the archive \(count == 1 ? "has" : "have") no checksum, as "
        + "torch.serialization.skip_data leaves storages that are filled later: they may hold nothing but zeros"
    ]
  }
}
