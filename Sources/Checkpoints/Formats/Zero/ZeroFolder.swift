internal import SutureBytes
internal import SutureTensors
internal import SutureText

/// A folder in which DeepSpeed saved a step.
///
///     <folder>/mp_rank_00_model_states.pt                             stages 1 and 2: the 16-bit model, and the shapes
///     <folder>/zero_pp_rank_R_mp_rank_00_model_states.pt              stage 3: the shapes; its parameters are empty
///     <folder>/[bf16_]zero_pp_rank_R_mp_rank_00_optim_states.pt       of each rank its partition of the fp32 weights
///     <folder>/zero/NAME/fp32.pt                                      of the universal form each parameter by itself
///
/// The weights are those that were trained, in fp32. The key `module` enters the model in the dtype of training, and `optim`
/// what the optimizer keeps of each parameter.
enum ZeroFolder: CheckpointFormat {
  static func open(_ input: CheckpointInput) throws -> Checkpoint? {
    guard input.file == nil else { return nil }
    let names = ZeroFileNames(input)
    if names.isEmpty { return nil }
    let entered = ["module", "optim"].first { input.key == $0 || input.key?.hasPrefix($0 + ".") == true }
    if input.fileNames.contains("zero"), isFolder("\(input.name)/zero") {
      return try UniversalZero(input, names).checkpoint()
    }
    if let layer = names(.pipelineLayer).first { throw pipeline(input, layer.name) }
    if !names(.expert).isEmpty || !names(.expertOptimizer).isEmpty {
      guard entered == "module" else { throw ZeroExperts.refusal(input, names) }
      return try ZeroExperts.module(input, names)
    }
    if names.slices > 1 { throw sliced(input, names) }
    guard !names(.partition).isEmpty else {
      return try withoutPartitions(input, names, entersModule: entered == "module")
    }
    let run = try ZeroRun(input, names)
    if entered == "module", run.isOfStage3 { throw run.noModule() }
    return try run.checkpoint(entered)
  }

  /// A folder with the model states alone: at stage 0 these are all there is.
  private static func withoutPartitions(
    _ input: CheckpointInput, _ names: ZeroFileNames, entersModule: Bool
  ) throws -> Checkpoint? {
    guard let first = names(.model).first else { return nil }
    func missing(_ remedies: [Remedy]) -> Failure {
      Failure(
        in: input.name,
        "DeepSpeed's ZeRO saved this, and the partitions are missing in which the weights lie (*_optim_states.pt)",
        remedies: ["fetch all files of the step, from the same place"] + remedies)
    }
    if first.rank != nil { throw missing([]) }
    // What is none of DeepSpeed's may be called like this, and what is no zip archive is for others to tell.
    let files = FolderFiles(input.name)
    guard
      let part = try? PickledPart.open(
        files.open(first.name, named: input.name, needed: "the model"), input.limits),
      let model = try? ZeroModelStates(part, file: first.name), model.groups != nil
    else { return nil }
    guard entersModule else {
      throw missing([.setting("key", value: "module", "gives the model in the dtype of training")])
    }
    let leaves = try model.leaves()
    let choice = try WrapperChoice(
      leaves.module.map { $0.moved(under: ["module"]) } + leaves.others, key: input.key, modules: [],
      path: input.name)
    var checkpoint = Checkpoint(input, .zero(nil), choice, warnings: part.warnings)
    (checkpoint.files, checkpoint.byteCount) = (files.opened, files.byteCount)
    (checkpoint.globals, checkpoint.recordsChecksums) = (part.globals, true)
    let storages = leaves.module.compactMap(\.tensor).flatMap(\.storages)
    checkpoint.openRecords = { storages }
    return checkpoint
  }

  // MARK: What cannot be put together

  private static func pipeline(_ input: CheckpointInput, _ layer: String) -> Failure {
    Failure(
      in: input.name,
      "a checkpoint of DeepSpeed's pipelines: \(layer.shownName) and others hold a layer each in the dtype of training, and "
        + "only the program of the pipeline knows what each is called in the model",
      remedies: [
        input.opening([layer]), "in Python: deepspeed.checkpoint.ds_to_universal, whose folder is read here",
      ])
  }

  private static func sliced(_ input: CheckpointInput, _ names: ZeroFileNames) -> Failure {
    Failure(
      in: input.name,
      "each tensor is cut among \(names.slices) tensor-parallel ranks (mp_rank_00 and others), and nothing in the files says "
        + "along which axes",
      remedies: [
        "in Python: deepspeed.checkpoint.ds_to_universal, whose folder is read here",
        input.opening(names(.model).filter { $0.rank == nil }.map(\.name)),
      ])
  }
}

extension Checkpoint.Container {
  /// What DeepSpeed saved at a stage of ZeRO; `nil` where it does not say which.
  static func zero(_ stage: Int?) -> Self {
    Self(rawValue: "deepspeed-zero" + (stage.map { "-\($0)" } ?? ""))
  }

  public static let zeroUniversal = Self(rawValue: "deepspeed-universal")
}
