internal import SutureBytes
internal import SutureCheckpoints
internal import SutureTensors
internal import SutureText

/// Any bytes as a safetensors file; what is accepted covers its data without hole or overlap.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  guard let file = try? SafetensorsFile(MemorySource(bytes, name: "fuzz")) else { return 0 }
  let restored = Set(file.restoredNames.map(ExactString.init))
  let stored = file.stateDict.entries.filter { !restored.contains(ExactString($0.name)) }
  precondition(
    stored.reduce(0) { $0 + $1.tensor.byteCount } < bytes.count, "more was read than is there")
  for tensor in file.stateDict.entries.map(\.tensor) where tensor.byteCount < 1 << 20 {
    _ = try? tensor.contiguousBytes()
  }
  return 0
}
