/// Leaves out all entries but those whose names fit one of the patterns.
public struct Keep: Step {
  let patterns: [String]

  public init(_ patterns: String...) { self.patterns = patterns }
  public init(_ patterns: [String]) { self.patterns = patterns }

  public static let schema = StepSchema(
    "keep", .names, "Leave out all others.", operand: .operand(.patterns, "PATTERN"),
    example: #"{keep: "stages.*"}"#,
    on: "stages.0.0.gamma [96] head.weight [10,96]")

  public init(_ record: StepRecord) throws { self.init(try record.operand.strings()) }
  public var record: StepRecord { StepRecord("keep", .strings(patterns)) }

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    var outcome = StepOutcome()
    let hits = try outcome.match(patterns, in: draft, restIs: "dropped")
    // Where no pattern fits anything, and that is allowed, there is nothing to keep from.
    if hits.contains(true) { draft.entries = zip(draft.entries, hits).filter(\.1).map(\.0) }
    return outcome
  }
}
