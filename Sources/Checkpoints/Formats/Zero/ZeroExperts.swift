internal import SutureBytes
internal import SutureTensors
internal import SutureText

/// A mixture of experts, of which each expert has a file of its own.
///
///     layer_L_expert_E_mp_rank_00_model_states.pt      expert E of the mixture L, under the names of the model
///
/// The partitions name the experts of a rank from 0 on, whichever they are, so that the fp32 weights of two experts go by one
/// name; in the dtype of training everything is there.
enum ZeroExperts {
  static func refusal(_ input: CheckpointInput, _ names: ZeroFileNames) -> Failure {
    let file = (names(.expert) + names(.expertOptimizer) + names(.partition)).first?.name ?? ""
    return Failure(
      in: input.name,
      "a mixture of experts (\(file.shownName)): its partitions name the experts of each rank from 0 on, so whose fp32 weights "
        + "these are cannot be told",
      remedies: [
        .setting("key", value: "module", "gives the model in the dtype of training, with all experts"),
        "in Python: deepspeed.checkpoint.ds_to_universal, where it takes such a model",
      ])
  }

  /// The model in the dtype of training, and the experts.
  static func module(_ input: CheckpointInput, _ names: ZeroFileNames) throws -> Checkpoint {
    if names.slices > 1 {
      throw Failure(
        in: input.name,
        "a mixture of experts that is cut among \(names.slices) tensor-parallel ranks as well",
        remedies: [input.opening(names(.model).map(\.name))])
    }
    guard let first = names(.model).first else {
      throw Failure(
        in: input.name,
        "there are experts, and mp_rank_00_model_states.pt is missing, which has the rest of the model",
        remedies: ["fetch all files of the step, from the same place"])
    }
    let files = FolderFiles(input.name)
    let part = try PickledPart.open(
      files.open(first.name, named: input.name, needed: "the model without its experts"), input.limits)
    let model = try ZeroModelStates(part, file: first.name)
    try checkComplete(input, names, model)
    var (leaves, others) = try model.leaves()
    var (warnings, parts) = (part.warnings, [part])
    for expert in names(.expert) {
      let part = try PickledPart.open(
        files.open(expert.name, named: input.name, needed: "an expert"), input.limits)
      warnings += part.warnings
      parts.append(part)
      leaves += try part.leaves()
    }
    let storages = leaves.compactMap(\.tensor).flatMap(\.storages)
    let choice = try WrapperChoice(
      leaves.map { $0.moved(under: ["module"]) } + others, key: input.key, modules: [], path: input.name)
    var checkpoint = Checkpoint(input, .zero(nil), choice, warnings: warnings)
    for part in parts { checkpoint.globals.merge(part.globals) }
    (checkpoint.files, checkpoint.byteCount) = (files.opened, files.byteCount)
    (checkpoint.recordsChecksums, checkpoint.openRecords) = (true, { storages })
    return checkpoint
  }

  /// Throws where an expert is missing: how many each mixture has, the model states say.
  private static func checkComplete(
    _ input: CheckpointInput, _ names: ZeroFileNames, _ model: ZeroModelStates
  ) throws {
    guard let part = model.part else { return }
    let graph = part.graph
    let counts = graph.item("num_experts", of: part.root).flatMap { graph.integers($0) } ?? []
    let there = Set(names(.expert).compactMap(\.expert))
    let layers = max(counts.count, (there.map(\.layer).max() ?? -1).adding(saturating: 1))
    for layer in 0..<min(layers, 1 << 16) {
      let most = there.filter { $0.layer == layer }.map(\.number).max() ?? -1
      let count = counts.indices.contains(layer) ? counts[layer] : most.adding(saturating: 1)
      for number in 0..<min(max(count, 0), 1 << 16)
      where !there.contains(ZeroFileName.Expert(layer: layer, number: number)) {
        throw Failure(
          in: input.name,
          "expert \(number) of mixture \(layer) is missing, of \(count): layer_\(layer)_expert_\(number)_mp_rank_00_model_states.pt",
          remedies: ["fetch all files of the step, from the same place"])
      }
    }
  }
}
