internal import Bytes
internal import Checkpoints

/// Any bytes as a pickle: parsed, and its object walked as the checkpoint it may be.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  // Whatever the bytes are, they are taken for a pickle, not for one of the other containers.
  _ = try? Checkpoint.open(MemorySource([0x80, 2] + bytes, name: "fuzz"))
  _ = try? Checkpoint.open(MemorySource([0x80, 2] + bytes, name: "fuzz"), key: ".")
  return 0
}
