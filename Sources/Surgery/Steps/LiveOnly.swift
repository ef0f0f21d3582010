internal import SutureArchitectures
internal import SutureText

/// Of a backbone that was replicated for the layers of a YOLOv5, keeps what a forward pass reads.
///
/// Every `ConvNeXt_Block(index)` holds the whole backbone and uses stage `index` of it alone: three quarters of the keys are
/// dead weight, which a model that loads them leaves at their initial values where they are missing. Which stage that is, a
/// module says that was pickled whole; otherwise ``BackboneReplicas`` follows it from the layers.
public struct LiveOnly: Step {
  public init() {}

  public static let schema = StepSchema(
    "live-only", .names, "Of a replicated backbone, keep what a forward pass reads.",
    example: "{live-only: }",
    on: "model.0.stages.0.0.gamma [96] model.0.stages.1.0.gamma [192] model.1.stages.1.0.gamma [192]")

  public init(_ record: StepRecord) throws { try record.requireAlone() }
  public var record: StepRecord { StepRecord("live-only") }
  public func summary(_: ResolvedFields) -> String { "keep what a forward pass reads" }

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    // What was renamed since is not what the module spoke of.
    let own = draft.entries.filter { ExactString($0.origin) == ExactString($0.name) }.map(\.name)
    let known = Set(BackboneReplicas(own).models.joined().map(\.prefix))
    var told: [ExactString: Int] = [:]
    for module in draft.inputs.modules() {
      let prefix = ExactString(module.name + ".")
      if let stage = module.stage, known.contains(prefix) { told[prefix] = stage }
    }
    let replicas = BackboneReplicas(draft.entries.map(\.name), told: told)
    if let layer = replicas.undecided.first {
      throw SurgeryError(
        .impossible, "cannot tell which stage of its backbone \(layer.prefix.string) reads",
        remedies: [
          .advice(
            replicas.models.count == 1 && replicas.models[0].count == 1
              ? "one copy may be read whole; it is for what replicate: \"model.{0..3}.\" makes"
              : "there are copies at the layers "
                + replicas.models.joined().map { "\($0.number)" }.joined(separator: ", ")
                + ", and four are what runs four stages"),
          .setting(
            "keep", value: "\(layer.prefix.string){stages,downsample_layers}.INDEX.*",
            "keeps the stage of the module's index"),
        ])
    }
    let reads = draft.entries.map { replicas.isRead($0.name) }
    var outcome = StepOutcome()
    guard reads.contains(false) else {
      outcome.miss(
        "model.#.*", "found no copy of a backbone that is not read",
        remedies: ["it is for what replicate: \"model.{0..3}.\" makes, so it stands behind it"])
      return outcome
    }
    outcome.touched = zip(draft.entries, reads).filter { $0.1 == false }.map(\.0.name)
    draft.entries = zip(draft.entries, reads).filter { $0.1 != false }.map(\.0)
    let rest = reads.count { $0 == nil }
    if rest > 0 { outcome.notes.append("\(rest) keys belong to no replicated backbone and stay") }
    // Where layers are numbered as stages are, nobody wonders.
    for model in replicas.models where model.contains(where: { $0.stage != $0.number }) {
      outcome.notes.append(
        model.map { "\($0.prefix.string) reads stage \($0.stage ?? 0)" }.joined(separator: ", "))
    }
    return outcome
  }
}
