internal import SutureBytes
internal import SutureCheckpoints
internal import SutureTensors

/// An unpacked archive with one storage of 16 bytes, under the key 0.
private let folder: String = {
  let path = "/dev/shm/suture-fuzz-\(UInt64.random(in: 0 ... .max))"
  for folder in [path, path + "/data"] { try? createFolder(folder) }
  try? write([UInt8](repeating: 7, count: 16), to: "data/0", in: path)
  return path
}()

private func write(_ bytes: [UInt8], to name: String, in folder: String) throws {
  let output = try OutputFile("\(folder)/\(name)")
  try output.write(bytes)
  try output.commit(replacing: true)
}

/// Any bytes as the pickle of an unpacked archive: a storage is read from its file, or refused.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  guard (try? write([0x80, 2] + bytes, to: "data.pkl", in: folder)) != nil,
    let checkpoint = try? Checkpoint.open(folder)
  else { return 0 }
  for storage in checkpoint.stateDict.storages {
    precondition(storage.byteCount <= 16, "a storage is longer than its file")
  }
  return 0
}
