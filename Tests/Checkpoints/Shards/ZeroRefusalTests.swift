import SutureBytes
import SuturePickle
import SutureTensors
import SutureText
import TestSupport
import Testing

@testable import SutureCheckpoints

/// What of DeepSpeed's is refused, one clear error each.
@Suite struct `Of DeepSpeed's folders` {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func refusal(_ kind: FailureKind = .unreadable, key: String? = nil) -> String {
    let error =
      #expect(throws: (any Error).self) { _ = try Checkpoint.open(folder.path, key: key) } as? any SutureError
    #expect(error?.kind == kind)
    return error.map { "\($0)" } ?? ""
  }

  private func refusal(_ set: ZeroSet) throws -> String {
    try set.write(to: folder)
    return refusal()
  }

  // MARK: Files

  @Test(arguments: [1, 2, 3]) func `one without the partition of a rank is refused, and it is named`(
    stage: Int
  ) throws {
    let set = ZeroSet(stage: stage, world: 3)
    try set.write(to: folder)
    removeFile(folder.path + "/" + set.partitionName(1))
    #expect(refusal().contains("missing: bf16_zero_pp_rank_1_mp_rank_00_optim_states.pt"))
    try set.write(to: folder)
    removeFile(folder.path + "/" + set.partitionName(0))
    #expect(refusal().contains("missing: bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt"))
  }

  @Test func `one without the model states of a rank is refused, and it is named`() throws {
    let set = ZeroSet(stage: 3)
    try set.write(to: folder)
    removeFile(folder.path + "/" + set.modelName(1))
    #expect(refusal().contains("missing: zero_pp_rank_1_mp_rank_00_model_states.pt"))
    removeFile(folder.path + "/" + set.modelName(0))
    #expect(refusal().contains("zero_pp_rank_0_mp_rank_00_model_states.pt is missing"))
    let other = ZeroSet(stage: 2)
    for rank in 0..<2 { try folder.write(other.partitionName(rank), try other.partition(rank)) }
    #expect(refusal().contains("mp_rank_00_model_states.pt is missing"))
  }

  @Test func `one with a partition too many is refused, and it is named`() throws {
    let set = ZeroSet(stage: 3)
    try set.write(to: folder)
    try folder.write(set.partitionName(2), try set.partition(1))
    #expect(refusal().contains("bf16_zero_pp_rank_2_mp_rank_00_optim_states.pt is of rank 2"))
  }

  @Test func `one with two files of a rank is refused, and they are named`() throws {
    let set = ZeroSet()
    try set.write(to: folder)
    try folder.write("bf16_zero_pp_rank_01_mp_rank_00_optim_states.pt", try set.partition(1))
    #expect(refusal().contains("are both of rank 1"))
    removeFile(folder.path + "/bf16_zero_pp_rank_01_mp_rank_00_optim_states.pt")
    try folder.write("zero_pp_rank_1_mp_rank_00_optim_states.pt", try set.partition(1))
    #expect(refusal().contains("are partitions of two runs"))
  }

  @Test func `one with a file that is cut short is refused, and it is named`() throws {
    let set = ZeroSet()
    try set.write(to: folder)
    try folder.write(set.partitionName(1), Array(try set.partition(1).dropLast(300)))
    #expect(refusal().contains("bf16_zero_pp_rank_1_mp_rank_00_optim_states.pt: the zip archive"))
    try set.write(to: folder)
    try folder.write(set.modelName(0), [])
    #expect(refusal().contains("mp_rank_00_model_states.pt"))
  }

  @Test func `one with a file that calls something harmful is refused, and it is named`() throws {
    let set = ZeroSet()
    try set.write(to: folder)
    try folder.write(
      set.partitionName(1), try TorchFile { $0.call("posix", "system", { $0.string("true") }) }.bytes)
    #expect(refusal(.unsafe).contains(set.partitionName(1)))
  }

  // MARK: Ranks of other runs

  @Test func `ranks that disagree on how many they are are refused`() throws {
    #expect(
      try refusal(ZeroSet(world: 3, counts: { $0 == 2 ? 4 : 3 })).contains(
        "disagree on stage, ranks or groups"))
    #expect(try refusal(ZeroSet(counts: { _ in 4 })).contains("says that 4 ranks saved"))
  }

  @Test(arguments: [2, 3]) func `ranks of different steps are refused`(stage: Int) throws {
    let set = ZeroSet(stage: stage, steps: { $0 == 1 ? 5 : 4 })
    #expect(try refusal(set).contains("disagree on the step: 4 and 5"))
  }

  @Test func `model states of different steps are refused`() throws {
    #expect(
      try refusal(ZeroSet(stage: 3, globalSteps: { 4 + $0 })).contains("disagree on global_steps: 4 and 5"))
  }

  @Test func `partitions of another run than the shapes are refused`() throws {
    let longer = ZeroSet(change: { rank, own in if rank == 1 { own[0] += [Float](repeating: 0, count: 9) } })
    #expect(try refusal(longer).contains("the parameters of group 0 have 22 elements"))
    let shorter = ZeroSet(change: { rank, own in if rank == 1 { own[0].removeLast(2) } })
    #expect(try refusal(shorter).contains("the parameters of group 0 have 22 elements"))
    let third = ZeroSet(stage: 3, change: { _, own in own[0].removeLast() })
    #expect(try refusal(third).contains("its pieces of all parameters have"))
    let uneven = ZeroSet(stage: 3, change: { rank, own in if rank == 1 { own[1].removeLast() } })
    #expect(try refusal(uneven).contains("disagree on stage, ranks or groups"))
  }

  @Test func `partitions that were exchanged are refused by what each says of itself`() throws {
    let right: [[[(String, Int, Int)]]] = [
      [[("a", 0, 12)], [("c", 0, 1), ("e", 1, 3)]], [[("a", 0, 3), ("b", 3, 7)], [("e", 0, 1)]],
    ]
    var set = ZeroSet(slices: { right[$0] })
    try set.write(to: folder)
    #expect(try Checkpoint.open(folder.path).stateDict["a"]?.floats() == set.values["a"])
    set.slices = { right[1 - $0] }
    #expect(try refusal(set).contains("rank 0 of 2 has 12 elements from 0 on"))
  }

  // MARK: Numbers that cannot be

  @Test func `numbers that overflow or cannot be are refused without a trap`() throws {
    let shapes: [[Int]] = [[-1, 3], [1 << 40, 1 << 40], [.max]]
    for shape in shapes {
      for stage in [2, 3] {
        var set = ZeroSet(stage: stage)
        try set.write(to: folder)
        set.beside = [
          ("param_shapes", { $0.list([{ $0.dict([("a", { $0.size(shape) })]) }, { $0.dict([]) }]) })
        ]
        for rank in 0..<(stage == 3 ? 2 : 1) {
          try folder.write(set.modelName(rank), try Self.shapes(set, shape, rank))
        }
        #expect(!refusal().isEmpty)
        for rank in 0..<2 { removeFile(folder.path + "/" + set.modelName(rank)) }
        for rank in 0..<2 { removeFile(folder.path + "/" + set.partitionName(rank)) }
      }
    }
    #expect(try refusal(ZeroSet(counts: { _ in 0 })).contains("partition_count"))
    #expect(try refusal(ZeroSet(counts: { _ in .max })).contains("partition_count"))
  }

  private static func shapes(_ set: ZeroSet, _ shape: [Int], _ rank: Int) throws -> [UInt8] {
    try TorchFile {
      $0.dict([
        ("module", { $0.dict([]) }),
        ("param_shapes", { $0.list([{ $0.dict([("a", { $0.size(shape) })]) }, { $0.dict([]) }]) }),
      ])
    }.bytes
  }

  @Test func `a file without shapes or with a name twice is refused`() throws {
    #expect(try refusal(ZeroSet(hasShapes: false)).contains("param_shapes"))
    #expect(
      try refusal(ZeroSet(groups: [[("a", [3])], [("a", [3])]], shared: [])).contains("it names a twice"))
    #expect(
      try refusal(ZeroSet(shared: [("twin", "none")])).contains("the same as none, which is in no file"))
  }

  @Test(arguments: [2, 3]) func `a file with any byte changed, or cut anywhere, is refused or read exactly`(
    stage: Int
  ) throws {
    let seed = UInt64.random(in: 0 ... .max)
    print("seed \(seed)")
    var random = Seeded(seed)
    let set = ZeroSet(stage: stage)
    try set.write(to: folder)
    let names = folder.names
    for _ in 0..<250 {
      let name = names[Int(random.next() % UInt64(names.count))]
      let whole = try contents(of: folder.path + "/" + name)
      var bytes = whole
      let place = Int(random.next() % UInt64(whole.count))
      if random.next() % 4 == 0 {
        bytes = Array(bytes[..<place])
      } else {
        bytes[place] ^= UInt8(1 << (random.next() % 8))
      }
      try folder.write(name, bytes)
      for key in [nil, "optim"] {
        guard let checkpoint = try? Checkpoint.open(folder.path, key: key) else { continue }
        for (name, values) in set.values {
          let wanted = key == nil ? values : values.map { -$0 }
          guard let found = try? checkpoint.stateDict[key == nil ? name : "state.\(name).exp_avg"]?.floats()
          else { continue }
          #expect(found == wanted, "\(name) after byte \(place), seed \(seed)")
        }
      }
      try folder.write(name, whole)
    }
  }

  // MARK: What cannot be put together

  @Test func `tensor-parallel ones are named, and so is what can be had`() throws {
    let set = ZeroSet()
    try set.write(to: folder)
    try folder.write("mp_rank_01_model_states.pt", try set.model(0))
    let refusal = refusal()
    #expect(refusal.contains("cut among 2 tensor-parallel ranks"))
    #expect(refusal.contains("ds_to_universal"))
  }

  @Test func `pipelines are named, and so is what can be had`() throws {
    let set = ZeroSet()
    try set.write(to: folder)
    try folder.write("layer_00-model_states.pt", try set.model(0))
    #expect(refusal().contains("DeepSpeed's pipelines"))
  }

  @Test func `mixtures of experts are named, and their 16-bit model has all experts`() throws {
    let set = ZeroSet(beside: [("num_experts", { $0.list([{ $0.int(2) }]) })])
    try set.write(to: folder)
    for expert in 0..<2 {
      try folder.write(
        "layer_0_expert_\(expert)_mp_rank_00_model_states.pt",
        try TorchFile { $0.dict([("experts.\(expert).weight", { $0.tensor() })]) }.bytes)
    }
    #expect(refusal().contains("a mixture of experts (layer_0_expert_0_mp_rank_00_model_states.pt)"))
    #expect(refusal().contains("key: module"))
    let names = try Checkpoint.open(folder.path, key: "module").stateDict.names
    #expect(names.suffix(2) == ["experts.0.weight", "experts.1.weight"])
    removeFile(folder.path + "/layer_0_expert_1_mp_rank_00_model_states.pt")
    #expect(refusal(key: "module").contains("expert 1 of mixture 0 is missing"))
  }
}
