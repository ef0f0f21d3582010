import SutureBytes
import SuturePickle
import SutureTensors
import SutureText
import TestSupport
import Testing

@testable import SutureCheckpoints

/// Folders in which each rank wrote its parts as safetensors.
@Suite struct `A folder of safetensors shards` {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func save(_ file: String, info: String?, _ tensors: [(String, [Float], [Int])]) throws {
    var stateDict = StateDict()
    for (name, values, shape) in tensors {
      try stateDict.append(name, try Tensor(floats: values, shape: shape))
    }
    if let info { stateDict.metadata = [("DCP_SHARDING_INFO", info)] }
    try CheckpointWriter.write(stateDict, to: "\(folder.path)/\(file)", WriteOptions(.safetensors))
  }

  private static func name(_ rank: Int, _ file: Int = 1, of count: Int = 1) -> String {
    "shard-0000\(rank)-model-0000\(file)-of-0000\(count).safetensors"
  }

  private static func info(_ row: Int) -> String { "{\"w\": {\"saved_offsets\": [\(row), 0]}}" }

  private func refusal() -> String {
    let error = #expect(throws: Failure.self) { _ = try Checkpoint.open(folder.path) }
    return error.map { "\($0)" } ?? ""
  }

  @Test func `is put together by the offsets, and says that nobody knows how many ranks there were`() throws {
    try save(Self.name(1), info: Self.info(0), [("w", [0, 1, 2, 3], [2, 2])])
    try save(Self.name(2), info: Self.info(2), [("w", [4, 5], [1, 2])])
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(checkpoint.container == .distributedSafetensors)
    #expect(checkpoint.stateDict["w"]?.shape == [3, 2])
    #expect(try checkpoint.stateDict["w"]?.floats() == [0, 1, 2, 3, 4, 5])
    #expect(checkpoint.sharding == .init(world: 2))
    #expect(checkpoint.warnings.count == 1)
  }

  @Test func `of the first rank alone is refused`() throws {
    try save(Self.name(1), info: Self.info(0), [("w", [0, 1, 2, 3], [2, 2])])
    #expect(refusal().contains("only rank 1's shards are here"))
  }

  @Test func `with a hole is refused`() throws {
    try save(Self.name(1), info: Self.info(0), [("w", [0, 1, 2, 3], [2, 2])])
    try save(Self.name(3), info: Self.info(4), [("w", [4, 5], [1, 2])])
    #expect(refusal().contains("w: no file has its part [2..<4, 0..<2]"))
  }

  @Test func `of different runs is refused`() throws {
    try save(Self.name(1), info: Self.info(0), [("w", [0, 1, 2, 3], [2, 2])])
    try save(Self.name(2, 1, of: 2), info: Self.info(2), [("w", [4, 5], [1, 2])])
    #expect(refusal().contains("one of 1 files"))
  }

  @Test(arguments: [
    nil, "{", "{}", "{\"w\": {\"saved_offsets\": [0]}}", "{\"w\": {\"saved_offsets\": [0, \"a\"]}}",
  ])
  func `that does not say where its parts belong is refused`(info: String?) throws {
    try save(Self.name(1), info: info, [("w", [0, 1, 2, 3], [2, 2])])
    try save(Self.name(2), info: Self.info(2), [("w", [4, 5], [1, 2])])
    #expect(refusal().contains("it does not say where"))
  }

  @Test func `with a Python value before a header is refused, and the file is named`() throws {
    try save(Self.name(1), info: Self.info(0), [("w", [0, 1, 2, 3], [2, 2])])
    try folder.write(Self.name(2), try TorchFile { $0.int(3) }.bytes)
    #expect(refusal().contains("\(Self.name(2)): a file of torch.save stands before"))
  }
}
