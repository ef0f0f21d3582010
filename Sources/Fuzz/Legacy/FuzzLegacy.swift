internal import SutureBytes
internal import SutureCheckpoints
internal import SutureTensors

/// Any bytes as a file of any container, their tensors read: the seeds are legacy files and tars.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  guard let checkpoint = try? Checkpoint.open(MemorySource(bytes, name: "fuzz"), key: ".") else { return 0 }
  for tensor in checkpoint.stateDict.entries.map(\.tensor) where tensor.byteCount < 1 << 20 {
    _ = try? tensor.contiguousBytes()
  }
  return 0
}
