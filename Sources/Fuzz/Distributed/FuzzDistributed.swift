internal import SutureBytes
internal import SutureCheckpoints
internal import SutureTensors

/// A folder with one file of items, none of which is one.
private let folder: String = {
  let path = "/dev/shm/suture-fuzz-\(UInt64.random(in: 0 ... .max))"
  try? createFolder(path)
  try? OutputFile.write([UInt8](repeating: 7, count: 4096), to: path + "/__0_0.distcp")
  return path
}()

/// Any bytes as the metadata of a distributed checkpoint: what it says is refused, since no item is there, or it says nothing.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  guard (try? OutputFile.write([0x80, 2] + bytes, to: folder + "/.metadata")) != nil,
    let checkpoint = try? Checkpoint.open(folder)
  else { return 0 }
  precondition(checkpoint.stateDict.byteCount == 0, "there are elements of tensors that no item has")
  return 0
}
