internal import SutureArchitectures
internal import SutureText

/// Of a backbone that was replicated for the layers of a YOLOv5, keeps what a forward pass reads.
///
/// Every `ConvNeXt_Block` holds the whole backbone, and layer *i* uses stage *i* of it alone: three quarters of the keys
/// are dead weight, which a model that loads them leaves at their initial values where they are missing.
public struct LiveOnly: Step {
  public init() {}

  public static let schema = StepSchema(
    "live-only", .names, "Of a replicated backbone, keep what a forward pass reads.",
    example: "{live-only: }")

  public init(_ record: StepRecord) throws { try record.requireAlone() }
  public var record: StepRecord { StepRecord("live-only") }
  public func summary(_: ResolvedFields) -> String { "keep what a forward pass reads" }

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    let reads = draft.entries.map { ConvNeXtBlockModule.isRead($0.name) }
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
    return outcome
  }
}
