import SutureBytes
import SuturePickle
import SutureTensors
import SutureText
import TestSupport
import Testing

@testable import SutureCheckpoints

/// Folders in which DeepSpeed saved a step of ZeRO.
@Suite struct `A folder of DeepSpeed's ZeRO` {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func refusal(_ kind: FailureKind = .unreadable, key: String? = nil) -> String {
    let error =
      #expect(throws: (any Error).self) { _ = try Checkpoint.open(folder.path, key: key) } as? any SutureError
    #expect(error?.kind == kind)
    return error.map { "\($0)" } ?? ""
  }

  // MARK: What is read

  @Test(arguments: 1...8, [1, 2, 3])
  func `is the fp32 weights, of worlds of 1 to 8 and sizes that do not divide`(
    world: Int, stage: Int
  ) throws {
    let set = ZeroSet(stage: stage, world: world)
    try set.write(to: folder)
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(checkpoint.container.rawValue == "deepspeed-zero-\(stage)")
    #expect(checkpoint.sharding == .init(world: world))
    // What does not train is said by the model alone at stage 1, and so comes last.
    let trained = ["a", "b", "c", "d", "e", "twin"]
    #expect(
      checkpoint.stateDict.names == (stage == 1 ? ["scale"] + trained + ["old"] : ["scale", "old"] + trained))
    for (name, shape) in set.groups.joined() {
      let tensor = try #require(checkpoint.stateDict[name])
      #expect(tensor.shape == shape)
      #expect(tensor.dtype == .float32)
      #expect(try tensor.floats() == set.values[name])
    }
    #expect(try checkpoint.stateDict["twin"]?.floats() == set.values["b"])
    #expect(try checkpoint.stateDict["old"]?.floats() == [100, 101, 102, 103, 104])
    #expect(try checkpoint.stateDict["scale"]?.floats() == [0.5, 1.5])
    #expect(checkpoint.extras.contains { $0.path == "epoch" && $0.value == "3" })
  }

  @Test(arguments: [1, 3, 4]) func `may have room between its parameters, and padding at its end`(
    alignment: Int
  )
    throws
  {
    for keepsPadding in [false, true] {
      let set = ZeroSet(world: 3, alignment: alignment, keepsPadding: keepsPadding)
      try set.write(to: folder)
      let found = try Checkpoint.open(folder.path).stateDict
      for (name, values) in set.values { #expect(try found[name]?.floats() == values) }
    }
  }

  @Test func `of BF16_Optimizer says no stage, and is read as one of the first two`() throws {
    let set = ZeroSet(stage: nil, keepsPadding: true)
    try set.write(to: folder)
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(checkpoint.container.rawValue == "deepspeed-zero")
    #expect(try checkpoint.stateDict["a"]?.floats() == set.values["a"])
  }

  @Test(arguments: [1, 2]) func `has the 16-bit model under the key module`(stage: Int) throws {
    try ZeroSet(stage: stage).write(to: folder)
    #expect(try Checkpoint.open(folder.path).candidates.map(\.path) == ["module", "optim"])
    let module = try Checkpoint.open(folder.path, key: "module").stateDict
    #expect(module.names == ["scale", "a", "b", "c", "d", "e", "old"])
    #expect(module["a"]?.dtype == .bfloat16)
  }

  @Test func `has no 16-bit model at stage 3, and says so`() throws {
    try ZeroSet(stage: 3).write(to: folder)
    #expect(refusal(key: "module").contains("at stage 3 the model in the dtype of training is not saved"))
  }

  @Test(arguments: [1, 2, 3]) func `has what the optimizer keeps of each parameter under the key optim`(
    stage: Int
  )
    throws
  {
    let set = ZeroSet(stage: stage, world: 3)
    try set.write(to: folder)
    let optimizer = try Checkpoint.open(folder.path, key: "optim").stateDict
    #expect(
      optimizer.names.prefix(4) == ["state.a.step", "state.a.exp_avg", "state.b.step", "state.b.exp_avg"])
    for (name, values) in set.values {
      #expect(try optimizer["state.\(name).exp_avg"]?.floats() == values.map { -$0 })
      #expect(try optimizer["state.\(name).step"]?.floats() == [4])
    }
    #expect(optimizer["state.e.exp_avg"]?.shape == [2, 2])
    #expect(try Checkpoint.open(folder.path).stateDict.count == 8)
  }

  @Test func `tells its latest step, and others by their number`() throws {
    for step in [10, 20] { try ZeroSet().write(to: folder, in: "global_step\(step)/") }
    try folder.write("latest", Array("global_step20".utf8))
    #expect(try Checkpoint.open(folder.path).sharding?.step == "global_step20")
    var limits = ReadLimits()
    limits.step = "10"
    #expect(try Checkpoint.open(folder.path, limits: limits).sharding?.step == "global_step10")
  }

  @Test func `gives a parameter that is alone in the model in its dtype, and says so`() throws {
    try ZeroSet(stage: 1).write(to: folder)
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(checkpoint.warnings.contains { $0.contains("in the model alone, and so in its dtype: old") })
  }

  @Test func `is an ordinary one where the model is all there is`() throws {
    let model = try contents(
      of: projectFolder + "/Fixtures/convnext-atto-cifar10/convnext_atto_cifar10_ema.pth")
    try folder.write("mp_rank_00_model_states.pt", model)
    #expect(try Checkpoint.open(folder.path).stateDict.count == 128)
  }

  @Test func `without its partitions is refused, but for the 16-bit model`() throws {
    let set = ZeroSet()
    try folder.write(set.modelName(0), try set.model(0))
    #expect(refusal().contains("the partitions are missing"))
    #expect(refusal().contains("key: module gives the model"))
    #expect(try Checkpoint.open(folder.path, key: "module").stateDict["a"]?.dtype == .bfloat16)
    let other = ZeroSet(stage: 3)
    removeFile(folder.path + "/" + set.modelName(0))
    try folder.write(other.modelName(0), try other.model(0))
    #expect(refusal().contains("the partitions are missing"))
  }
}
