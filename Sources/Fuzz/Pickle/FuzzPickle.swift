internal import SutureBytes
internal import SutureCheckpoints

/// Any bytes as a pickle: parsed, its object walked as the checkpoint it may be, and what was found planned to be
/// written in both formats, with everything that is no tensor as plain data.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  // Whatever the bytes are, they are taken for a pickle, not for one of the other containers.
  if let checkpoint = try? Checkpoint.open(MemorySource([0x80, 2] + bytes, name: "fuzz")) {
    for format in WriteOptions.Format.allCases {
      let writer = CheckpointWriter(.standardOutput, WriteOptions(format))
      let object = try? checkpoint.plainObject(keepsStructure: format == .pytorchZip)
      _ = try? writer.plan(checkpoint.stateDict, in: object)
    }
  }
  _ = try? Checkpoint.open(MemorySource([0x80, 2] + bytes, name: "fuzz"), key: ".")
  return 0
}
