internal import SutureBytes
internal import SutureTensors
internal import SutureText

/// The files of all ranks of a run with ZeRO, held against one another.
struct ZeroRun {
  let models: ZeroModels
  /// Of each rank its partition, in their order.
  let partitions: [ZeroPartition]

  var world: Int { partitions.count }
  var isOfStage3: Bool { partitions[0].isOfStage3 }

  init(_ input: CheckpointInput, _ names: ZeroFileNames) throws {
    let files = FolderFiles(input.name)
    func partition(_ name: ZeroFileName) throws -> ZeroPartition {
      let part = try PickledPart.open(
        files.open(name.name, named: input.name, needed: "a partition of the weights"), input.limits)
      return try ZeroPartition(part, file: name.name)
    }
    let own = names(.partition)
    if let other = own.first(where: { $0.prefix != own[0].prefix }) {
      throw Failure(
        in: input.name, "\(own[0].name.shownName) and \(other.name.shownName) are partitions of two runs",
        remedies: ["the files of one of them are left over: move them away"])
    }
    let first = try partition(own[0])
    guard first.counts.allSatisfy({ $0 == first.counts[0] }) else { throw ZeroExperts.refusal(input, names) }
    let world = first.counts.first ?? (own.last?.rank ?? 0).adding(saturating: 1)
    let says = "\(own[0].name.shownName) says that \(Format.plural(world, "rank")) saved"
    try ZeroFileNames.checkComplete(own, world: world, input, says: says)
    let states = names(.model).filter { ($0.rank != nil) == first.isOfStage3 }
    guard !states.isEmpty else {
      let name = first.isOfStage3 ? "zero_pp_rank_0_mp_rank_00_model_states.pt" : "mp_rank_00_model_states.pt"
      throw Failure(
        in: input.name, "\(name) is missing, which has the names and the shapes of the parameters",
        remedies: ["fetch all files of the step, from the same place"])
    }
    models = try ZeroModels(input, files, states, world: world, says: says)
    partitions = try [first] + own.dropFirst().map(partition)
    try checkRanks()
  }

  // MARK: Ranks of one run

  private func checkRanks() throws {
    let first = partitions[0]
    let steps = ZeroSteps(first)
    for other in partitions.dropFirst() {
      if other.counts != first.counts || other.stage != first.stage || other.isOfStage3 != first.isOfStage3
        || other.vectors.count != first.vectors.count
        || isOfStage3 && other.vectors.map(\.elementCount) != first.vectors.map(\.elementCount)
      {
        throw models.disagreement(first.file, other.file, "on stage, ranks or groups")
      }
      let others = ZeroSteps(other)
      if !steps.agrees(with: others) {
        throw models.disagreement(first.file, other.file, "on the step: \(steps) and \(others)")
      }
    }
    // Ranks that share a sequence have the same data, and a partition each.
    if let said = models.first.number("dp_world_size"), said > 0, world % said != 0 {
      throw models.disagreement(
        models.first.file, first.file, "on how many ranks there were: \(said) and \(world)")
    }
  }

  /// What is said where the 16-bit model is asked for, and there is none.
  func noModule() -> Failure {
    Failure(
      in: models.input.name,
      "at stage 3 the model in the dtype of training is not saved: its parameters are empty in \(models.first.file)",
      remedies: [
        "open it without a key: the fp32 weights are all there",
        .setting("dtype", value: "bfloat16", "makes 16-bit ones of them"),
      ])
  }

  // MARK: The whole

  /// - Parameter entered: `module` or `optim`, where one of these is asked for.
  func checkpoint(_ entered: String?) throws -> Checkpoint {
    let (module, others) = try models.first.leaves()
    let vectors = try ZeroVectors(self)
    var weights = ZeroWeights(models, module: module)
    let found = try weights.leaves(
      trained: vectors(partitions.map(\.vectors)).map { ($0.parameter.name, $0.tensor) })
    let optimizer = ZeroOptimizer(vectors)
    let modelLeaves = isOfStage3 ? [] : module.map { $0.moved(under: ["module"]) }
    // Beside the weights nothing else is a tensor of theirs.
    let beside = try others + partitions[0].otherLeaves()
    let choice = try WrapperChoice(
      models.input.key == nil
        ? found + beside.map(\.asValue) : found + modelLeaves + optimizer.leaves() + beside,
      key: models.input.key ?? ".", modules: [], path: models.input.name)
    var checkpoint = Checkpoint(
      models.input, .zero(partitions[0].stage), choice,
      warnings: models.all.flatMap(\.warnings) + partitions.flatMap(\.part.warnings) + weights.warnings)
    if models.input.key == nil {
      let counts = [("module", modelLeaves.count { $0.tensor != nil }), ("optim", optimizer.count)]
      checkpoint.candidates = counts.filter { $0.1 > 0 }.map { .init(path: $0.0, tensorCount: $0.1) }
    }
    (checkpoint.files, checkpoint.byteCount) = (models.files.opened, models.files.byteCount)
    for globals in models.all.map(\.globals) + partitions.map(\.part.globals) {
      checkpoint.globals.merge(globals)
    }
    let storages = try storages(module, entered, choice.stateDict)
    (checkpoint.recordsChecksums, checkpoint.openRecords) = (true, { storages })
    checkpoint.sharding = .init(world: world)
    return checkpoint
  }

  /// The storages of what was taken, or of everything: what is beside it need not be read to know that it is whole.
  private func storages(_ module: [Leaf], _ entered: String?, _ taken: StateDict) throws -> [Storage] {
    var tensors = taken.entries.map(\.tensor)
    if models.input.key == "." { tensors += module.compactMap(\.tensor) }
    if entered == nil {
      tensors += partitions.flatMap(\.vectors) + models.all.flatMap(\.fragmentTensors)
    }
    if entered == "optim" || models.input.key == "." { tensors += partitions.flatMap(\.stateTensors) }
    var seen: Set<ObjectIdentifier> = []
    return tensors.flatMap(\.storages).filter { seen.insert(ObjectIdentifier($0)).inserted }
  }
}

/// How many steps an optimizer has made with each of its groups, as far as it says.
private struct ZeroSteps: CustomStringConvertible {
  private let counts: [Double?]

  init(_ partition: ZeroPartition) {
    counts = partition.states.map { group in
      switch group.first(where: { $0.name == "step" })?.state {
      case .number(let number): Double(number)
      case .scalar(let tensor): try? ElementReader(tensor).doubles().first
      case .vector, nil: nil
      }
    }
  }

  /// Whether no group is said to have made another number of them.
  func agrees(with other: Self) -> Bool {
    zip(counts, other.counts).allSatisfy { $0 == nil || $1 == nil || $0 == $1 }
  }

  var description: String {
    counts.lazy.compactMap(\.self).first.map { Int(exactly: $0).map(String.init) ?? "\($0)" } ?? "none"
  }
}

extension Leaf {
  /// The same without its tensor, which is then told by its dtype and shape alone.
  var asValue: Leaf {
    Leaf(
      components: components, content: .value, kind: kind, text: value, opaqueDepths: opaqueDepths, id: id)
  }
}
