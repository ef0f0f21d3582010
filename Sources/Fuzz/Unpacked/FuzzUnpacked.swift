internal import SutureBytes
internal import SutureCheckpoints
internal import SutureTensors

/// An unpacked archive with one storage of 16 bytes, under the key 0.
private let folder: String = {
  let path = "/dev/shm/suture-fuzz-\(UInt64.random(in: 0 ... .max))"
  for folder in [path, path + "/data"] { try? createFolder(folder) }
  try? OutputFile.write([UInt8](repeating: 7, count: 16), to: path + "/data/0")
  return path
}()

/// Any bytes as the pickle of an unpacked archive: a storage is read from its file, or refused.
///
/// What is computed from storages, such as a tensor that a device's wrapper gives another dtype, may be longer than these.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  guard (try? OutputFile.write([0x80, 2] + bytes, to: folder + "/data.pkl")) != nil,
    let checkpoint = try? Checkpoint.open(folder)
  else { return 0 }
  for storage in checkpoint.stateDict.storages {
    if let place = storage.place {
      precondition(place.range.upperBound <= 16, "a storage is longer than its file")
    }
    if storage.byteCount <= 1 << 16 {
      do { try storage.verify() } catch {
        preconditionFailure("a storage that is listed cannot be read: \(error)")
      }
    }
  }
  return 0
}
