public import SutureArchitectures
public import SutureCheckpoints
internal import SutureModelRuntime
public import SutureSurgery
internal import SutureTensors
internal import SutureText

/// What would become of a YOLO that is built of a model file when a checkpoint is put into it by `model_dict.update`
/// and `load_state_dict`.
///
/// That is never strict about what is missing: whatever the checkpoint does not bring stays at its initial value, and
/// PyTorch is silent about it. Here the missing keys are listed, and those of the backbone are an alarm.
public struct ModelLoadCheck: Sendable {
  /// What would make more of the checkpoint load, tried before it is given.
  public enum Advice: Sendable {
    case preset(Preset)
    case repairs([any Step])
  }

  /// What would be loaded.
  public let checkpoint: Checkpoint
  /// Which keys load, and which do not.
  public let report: LoadReport
  /// Of the keys that load, those that a forward pass reads.
  public let live: [String]
  /// Keys of the neck and head that stay at their initial values.
  public let initialElsewhere: [String]
  /// Keys of the backbone that stay at their initial values, and nothing reads them.
  public let initialUnread: [String]
  /// Keys of the backbone that a forward pass reads and that stay at their initial values.
  public let initialBackbone: [String]
  /// Keys of the checkpoint that no module of the model has.
  public let unexpected: [String]
  /// Convolutions of the checkpoint into which norms were folded that the model has: `fuse()` does that, and neither loads
  /// into the other.
  public let fused: [String]
  /// Blocks of the checkpoint that never got their weights, but for those that nothing reads.
  public let untrained: [String]
  /// Whose model file it is.
  public let dialect: ModelDialect
  /// What the model file says and cannot be known here.
  public let assumptions: [Assumption]
  /// What would make more of it load; `nil` where nothing does.
  public let advice: Advice?
  /// What PyTorch would say after `model_dict.update`; `nil` where the load succeeds.
  public var errorText: String? { updated.errorText(model: "Model") }
  /// Its lines, whatever the names in it hold.
  package var errorLines: [String]? { updated.errorLines(model: "Model") }
  private let updated: LoadReport

  /// Builds every key and shape of the model as the program would, and compares those of `checkpoint` with them.
  ///
  /// - Throws: an error with the place in the model file where it could not be built, or where the checkpoint has no
  ///   tensors.
  public init(of checkpoint: Checkpoint, into model: ModelFile) throws {
    self.checkpoint = checkpoint
    try checkpoint.requireTensors()
    let file = checkpoint.stateDict
    let expected = model.expectedTensors()
    let base = try StateDict(
      expected.map {
        .init(name: $0.name, tensor: try Tensor(dtype: $0.dtype, shape: $0.shape, layout: .meta))
      })
    report = LoadReport(loading: file, into: base)
    let missing = Set(report.missing)
    let initial = expected.filter { missing.contains($0.name) }
    initialElsewhere = initial.filter { !$0.isBackbone }.map(\.name)
    initialUnread = initial.filter { $0.isBackbone && !$0.isRead }.map(\.name)
    initialBackbone = initial.filter { $0.isBackbone && $0.isRead }.map(\.name)
    let read = Set(expected.filter(\.isRead).map(\.name))
    live = report.loaded.filter(read.contains)
    unexpected = report.unexpected
    fused = file.fusedConvolutions.filter { base[$0.dropLast("conv".count) + "bn.weight"] != nil }
    // A copy that nothing reads stays at its initial values in a detector that was trained without it.
    let unread = Set(expected.lazy.filter { !$0.isRead }.map { ExactString($0.name) })
    untrained = (try? file.untrainedBlocks { !unread.contains(ExactString($0)) }) ?? []
    (dialect, assumptions) = (model.dialect, model.assumptions)
    advice = Self.advice(file, base, report)
    updated = try Self.updated(base, with: file)
  }

  /// Whether all that the checkpoint brings loads, and every block gets what it reads.
  public var passed: Bool { unexpected.isEmpty && report.mismatched.isEmpty && initialBackbone.isEmpty }

  /// What `load_state_dict` says of `model_dict` after `model_dict.update(file)`.
  private static func updated(_ base: StateDict, with file: StateDict) throws -> LoadReport {
    var updated = StateDict()
    for entry in base { try updated.append(entry.name, file[entry.name] ?? entry.tensor) }
    for entry in file where base[entry.name] == nil { try updated.append(entry.name, entry.tensor) }
    return LoadReport(loading: updated, into: base)
  }

  private static func advice(_ file: StateDict, _ base: StateDict, _ report: LoadReport) -> Advice? {
    for preset in Preset.all where ["convnext-yolov5", "convnext-ultralytics"].contains(preset.name) {
      guard let recipe = try? preset.recipe(),
        let plan = try? Plan(of: file, steps: recipe.steps, expecting: recipe.expectation)
      else { continue }
      let better = LoadReport(loading: plan.output, into: base)
      if better.loaded.count > report.loaded.count { return .preset(preset) }
    }
    guard report.loaded.isEmpty else { return nil }
    return report.advice(loading: file, into: base).map { .repairs($0.repairs) }
  }
}
