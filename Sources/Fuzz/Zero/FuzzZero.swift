internal import SutureBytes
internal import SutureCheckpoints
internal import SutureTensors
internal import SutureZipArchive

private let folder: String = {
  let path = "/dev/shm/suture-fuzz-\(UInt64.random(in: 0 ... .max))"
  try? createFolder(path)
  return path
}()

/// A file of torch.save with that pickle, and 16 storages of 4096 bytes.
private func save(_ pickle: [UInt8], _ name: String) throws {
  var archive = StoredArchivePlan(prefix: "archive")
  try archive.add("data.pkl", pickle)
  for key in 0..<16 { try archive.add("data/\(key)", [UInt8](repeating: UInt8(key), count: 4096)) }
  try archive.add("version", Array("3\n".utf8))
  let output = try OutputFile("\(folder)/\(name)")
  try output.write(try archive.finish(identity: ".data/serialization_id"), workers: 1) { _ in }
  try output.commit(replacing: true)
}

/// Any bytes as the two pickles of a step of ZeRO with one rank, the length of the first before them: the weights are made of
/// what is there, or refused.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  guard bytes.count > 3 else { return 0 }
  let isOfStage3 = bytes[0] & 1 == 1
  let length = min(Int(bytes[1]) | Int(bytes[2]) << 8, bytes.count - 3)
  let model = isOfStage3 ? "zero_pp_rank_0_mp_rank_00_model_states.pt" : "mp_rank_00_model_states.pt"
  let other = isOfStage3 ? "mp_rank_00_model_states.pt" : "zero_pp_rank_0_mp_rank_00_model_states.pt"
  removeFile("\(folder)/\(other)")
  guard (try? save([0x80, 2] + bytes[3..<(3 + length)], model)) != nil,
    (try? save([0x80, 2] + bytes[(3 + length)...], "zero_pp_rank_0_mp_rank_00_optim_states.pt")) != nil
  else { return 0 }
  for key in [nil, ".", "optim"] {
    guard let checkpoint = try? Checkpoint.open(folder, key: key) else { continue }
    // What repeats its bytes may be as long as it says.
    for entry in checkpoint.stateDict where entry.tensor.byteCount <= 1 << 20 {
      _ = try? entry.tensor.forEachChunk { _, _ in }
    }
  }
  return 0
}
