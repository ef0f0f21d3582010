internal import SutureArchitectures
public import SutureCheckpoints
public import SutureSurgery
internal import SutureTensors

/// What `load_state_dict` would say of a checkpoint, if the model had the keys of another.
public struct LoadCheck: Sendable {
  /// What would be loaded.
  public let checkpoint: Checkpoint
  /// What has the keys of the model.
  public let base: Checkpoint
  /// Which keys load, and which do not.
  public let report: LoadReport
  /// Changes of names with which more would load; `nil` where none does.
  public let advice: LoadAdvice?
  /// Blocks of ConvNeXts in the checkpoint that never got their weights.
  public let untrained: [String]
  /// Those of the base that the checkpoint does not give any either.
  public let untrainedInBase: [String]

  /// Compares the keys of `checkpoint` with those of `base`, a state dict or a module pickled whole.
  ///
  /// - Throws: an error where either has no tensors, or the layer scales of `base` cannot be read.
  public init(of checkpoint: Checkpoint, into base: Checkpoint) throws {
    (self.checkpoint, self.base) = (checkpoint, base)
    try checkpoint.requireTensors()
    try base.requireTensors()
    let (ours, theirs) = (checkpoint.stateDict, base.stateDict)
    report = LoadReport(loading: ours, into: theirs, recordsVersions: checkpoint.recordsModuleVersions)
    advice = report.advice(loading: ours, into: theirs)
    // Damage of the file is for an integrity check to tell.
    // A copy that nothing reads stays at its initial values in a detector that was trained without it.
    let replicas = BackboneReplicas(ours.names, told: ToldByModules(checkpoint).stages)
    untrained = (try? ours.untrainedBlocks { replicas.isRead($0) != false }) ?? []
    let missing = Set(report.missing)
    let models = BackboneReplicas(theirs.names, told: ToldByModules(base).stages)
    untrainedInBase = try theirs.untrainedBlocks { missing.contains($0) && models.isRead($0) != false }
  }

  /// Whether a strict load succeeds.
  public var passed: Bool { report.passed }

  /// The class of the model, where the base was pickled whole.
  private var modelClass: String? {
    let path = base.wrapper.joined(separator: ".")
    let name = base.modules.first { $0.path == path }?.className
    return name.map { $0.split(separator: ".").last.map(String.init) ?? $0 }
  }

  /// The text of PyTorch's own `RuntimeError`; `nil` where the load succeeds.
  public var errorText: String? { report.errorText(model: modelClass) }

  /// Its lines, whatever the names in it hold.
  package var errorLines: [String]? { report.errorLines(model: modelClass) }
}

extension Checkpoint {
  /// Whether loading the state dict tells modules the version that they were saved with: the attribute `_metadata`
  /// that `Module.state_dict()` sets, or a module that was pickled whole.
  fileprivate var recordsModuleVersions: Bool {
    let path = wrapper.joined(separator: ".")
    if modules.contains(where: { $0.path == path }) { return true }
    guard var value = (try? plainObject(keepsStructure: true))?.root else { return false }
    for key in wrapper {
      let items: [(key: PlainValue, value: PlainValue)]
      switch value {
      case .dict(let all), .orderedDict(let all, _): items = all
      default: return false
      }
      guard let inner = items.first(where: { $0.key.isString(key) })?.value else { return false }
      value = inner
    }
    guard case .orderedDict(_, let attributes) = value else { return false }
    return attributes.contains { $0.key.isString("_metadata") }
  }
}

extension PlainValue {
  fileprivate func isString(_ text: String) -> Bool {
    if case .string(let own) = self { own == text } else { false }
  }
}
