internal import SutureBytes
internal import SutureZipArchive

/// Any bytes as a zip archive: every record is located, read, inflated and checked, or refused.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  guard let archive = try? ArchiveReader(MemorySource(bytes, name: "fuzz")) else { return 0 }
  for record in archive.records { _ = try? archive.contents(of: record, limit: 1 << 20) }
  return 0
}
