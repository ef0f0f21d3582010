internal import SutureBytes
internal import SutureCheckpoints
internal import SutureTensors

/// A folder with two shards of one tensor each, `a` and `b`.
private let folder: String = {
  let path = "/dev/shm/suture-fuzz-\(UInt64.random(in: 0 ... .max))"
  try? createFolder(path)
  for name in ["a", "b"] {
    guard let tensor = try? Tensor(floats: [1], shape: [1]),
      let shard = try? StateDict([.init(name: name, tensor: tensor)])
    else { continue }
    try? CheckpointWriter.write(shard, to: "\(path)/\(name).safetensors", WriteOptions(.safetensors))
  }
  return path
}()

/// Any bytes as the index of a sharded checkpoint whose shards are there.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  let path = folder + "/model.safetensors.index.json"
  guard (try? OutputFile.write(bytes, to: path)) != nil, let checkpoint = try? Checkpoint.open(path) else {
    return 0
  }
  precondition(checkpoint.stateDict.count <= 2, "there are more tensors than the shards hold")
  return 0
}
