import Glibc
import SutureBytes
import SutureCheckpoints
import SutureTensors
import Synchronization
import Testing

/// A safetensors file of that header, with its length before it and `data` after it.
func safetensors(_ header: String, data: Int = 0) -> [UInt8] { safetensors(Array(header.utf8), data: data) }

/// A safetensors file of that header, which need not be text.
func safetensors(_ header: [UInt8], data: Int = 0) -> [UInt8] {
  var bytes: [UInt8] = []
  bytes.append(littleEndian: UInt64(header.count))
  return bytes + header + (0..<data).map { UInt8(truncatingIfNeeded: $0) }
}

/// The entry of one tensor in a header.
func entry(_ name: String, _ dtype: String = "U8", shape: String, _ begin: Int, _ end: Int) -> String {
  "\"\(name)\":{\"dtype\":\"\(dtype)\",\"shape\":\(shape),\"data_offsets\":[\(begin),\(end)]}"
}

/// What the writer makes of a state dict, in memory.
func written(_ stateDict: StateDict, metadata: [(String, String)] = []) throws -> [UInt8] {
  var template = Array((P_tmpdir + "/safetensors-XXXXXX").utf8CString)
  let folder = try #require(unsafe mkdtemp(&template).map { unsafe String(cString: $0) })
  let path = folder + "/model.safetensors"
  defer {
    unlink(path)
    rmdir(folder)
  }
  let announced = Atomic(0)
  let plan = try SafetensorsWriter.plan(stateDict, metadata: metadata)
  let output = try OutputFile(path)
  try output.write(plan, workers: 2) { announced.add($0, ordering: .relaxed) }
  try output.commit(replacing: false)
  let source = try FileSource(path)
  #expect(announced.load(ordering: .relaxed) == stateDict.byteCount)
  #expect(plan.byteCount == source.byteCount)
  return try source.bytes(0..<source.byteCount)
}
