internal import SutureTensors

/// Gives each tensor that fits a storage of its own, as `Tensor.clone` does.
public struct Untie: Step {
  let patterns: [String]

  public init(_ patterns: String...) { self.patterns = patterns }
  public init(_ patterns: [String]) { self.patterns = patterns }

  public static let schema = StepSchema(
    "untie", .names, "Give each tensor that fits a storage of its own.",
    operand: .operand(.patterns, "PATTERN"), example: #"{untie: "lm_head.weight"}"#,
    on: "embed.weight [100,64] lm_head.weight [100,64]")

  public init(_ record: StepRecord) throws { self.init(try record.operand.strings()) }
  public var record: StepRecord { StepRecord("untie", .strings(patterns)) }

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    var outcome = StepOutcome()
    let hits = try outcome.match(patterns, in: draft)
    for index in draft.entries.indices where hits[index] {
      let entry = draft.entries[index]
      draft.entries[index].tensor = try entry.fitting { try entry.tensor.separated() }
    }
    return outcome
  }
}
