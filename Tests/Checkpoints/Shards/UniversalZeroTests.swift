import SutureBytes
import SuturePickle
import SutureTensors
import SutureText
import TestSupport
import Testing

@testable import SutureCheckpoints

/// Folders that `ds_to_universal` writes.
@Suite struct `A universal folder of DeepSpeed` {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static func saved(_ values: [Float], _ shape: [Int], isBare: Bool) throws -> [UInt8] {
    if isBare { return try savedTensor(values, [values.count]) }
    return try TorchFile(storages: [floatBytes(values)]) {
      var (step, strides) = (1, [Int]())
      for size in shape.reversed() {
        strides.insert(step, at: 0)
        step *= max(size, 1)
      }
      $0.dict([
        ("cat_dim", { $0.int(0) }), ("param", { $0.tensor(shape, strides: strides, count: values.count) }),
      ])
    }.bytes
  }

  private func write(_ set: ZeroSet) throws {
    for rank in 0..<(set.stage == 3 ? set.world : 1) {
      try folder.write(set.modelName(rank), try set.model(rank))
    }
    for (name, shape) in set.groups.joined() {
      let values = set.values[name] ?? []
      try folder.write("zero/\(name)/fp32.pt", try Self.saved(values, shape, isBare: set.stage == 3))
      try folder.write(
        "zero/\(name)/exp_avg.pt", try Self.saved(values.map { -$0 }, shape, isBare: set.stage == 3))
      try folder.write("zero/\(name)/step.pt", try savedTensor([4], []))
    }
    try folder.write(
      "zero/optimizer_state.pt", try TorchFile { $0.dict([("clip_grad", { $0.int(1) })]) }.bytes)
    // Made float32 there; the model has these as they are.
    guard set.stage != 3 else { return }
    try folder.write("zero/scale/fp32.pt", try Self.saved([9, 9], [2], isBare: false))
    try folder.write("zero/old/fp32.pt", try Self.saved([9, 9, 9, 9, 9], [5], isBare: false))
  }

  private func refusal() -> String {
    let error = #expect(throws: (any Error).self) { _ = try Checkpoint.open(folder.path) } as? any SutureError
    return error.map { "\($0)" } ?? ""
  }

  @Test(arguments: [2, 3]) func `is the fp32 weights, and the buffers of the model`(stage: Int) throws {
    let set = ZeroSet(stage: stage, world: 3)
    try write(set)
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(checkpoint.container == .zeroUniversal)
    #expect(checkpoint.sharding == .init(world: 3))
    #expect(checkpoint.stateDict.names == ["scale", "old", "a", "b", "c", "d", "e", "twin"])
    for (name, shape) in set.groups.joined() {
      #expect(checkpoint.stateDict[name]?.shape == shape)
      #expect(try checkpoint.stateDict[name]?.floats() == set.values[name])
    }
    #expect(try checkpoint.stateDict["scale"]?.floats() == [0.5, 1.5])
    #expect(try checkpoint.stateDict["old"]?.floats() == [100, 101, 102, 103, 104])
    let optimizer = try Checkpoint.open(folder.path, key: "optim").stateDict
    #expect(try optimizer["state.a.exp_avg"]?.floats() == set.values["a"]?.map { -$0 })
    #expect(optimizer["state.a.exp_avg"]?.shape == [3, 5])
    #expect(try optimizer["state.a.step"]?.floats() == [4])
  }

  @Test func `of tensor-parallel ranks is the parameters that train, and says what is left out`() throws {
    var set = ZeroSet(frozen: [], shared: [])
    try write(set)
    removeFile(folder.path + "/zero/old/fp32.pt")
    removeFolder(folder.path + "/zero/old")
    try folder.write("mp_rank_01_model_states.pt", try set.model(0))
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(checkpoint.stateDict.names == ["a", "b", "c", "d", "e"])
    #expect(checkpoint.warnings.contains { $0.contains("buffers are left out") })
    set.frozen = [("old", [5])]
    try folder.write(set.modelName(0), try set.model(0))
    #expect(refusal().contains("old does not train"))
  }

  @Test func `of which a parameter is missing is refused, and it is named`() throws {
    try write(ZeroSet())
    removeFile(folder.path + "/zero/b/fp32.pt")
    #expect(refusal().contains("b"))
    for file in ["exp_avg.pt", "step.pt"] { removeFile(folder.path + "/zero/b/" + file) }
    removeFolder(folder.path + "/zero/b")
    #expect(refusal().contains("b is missing, which mp_rank_00_model_states.pt tells of"))
  }

  @Test(arguments: [2, 3]) func `with a parameter of another shape is refused`(stage: Int) throws {
    try write(ZeroSet(stage: stage))
    try folder.write("zero/a/fp32.pt", try Self.saved([1, 2], [2], isBare: stage == 3))
    #expect(refusal().contains("zero/a/fp32.pt"))
  }
}
