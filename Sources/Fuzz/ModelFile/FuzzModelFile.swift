internal import SutureArchitectures
internal import SutureModelRuntime
internal import SutureTensors

/// Any bytes as a YOLOv5 model file, whose layers are laid out and asked for their weights.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  do {
    let file = try ModelFile(bytes, name: "fuzz.yaml")
    let table = file.table()
    precondition(!table.isEmpty, "a table is empty")
    _ = try DetectionModel(file: file, weights: StateDict(), engine: .reference)
  } catch {
    precondition(!"\(error)".isEmpty, "an error says nothing")
  }
  return 0
}
