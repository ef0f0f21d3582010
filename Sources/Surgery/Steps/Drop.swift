/// Leaves out the entries whose names fit one of the patterns.
public struct Drop: Step {
  let patterns: [String]

  public init(_ patterns: String...) { self.patterns = patterns }
  public init(_ patterns: [String]) { self.patterns = patterns }

  public static let schema = StepSchema(
    "drop", .names, "Leave out the tensors whose whole name fits.", operand: .operand(.patterns, "PATTERN"),
    example: #"{drop: ["norm*", "head*"]}"#,
    on: "stages.0.0.norm.weight [96] norm.weight [96] head.weight [10,96]")

  public init(_ record: StepRecord) throws { self.init(try record.operand.strings()) }
  public var record: StepRecord { StepRecord("drop", .strings(patterns)) }

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    var outcome = StepOutcome()
    // norm* and *norm* are easily confused: say what stayed.
    let hits = try outcome.match(patterns, in: draft, restIs: "kept")
    draft.entries = zip(draft.entries, hits).filter { !$0.1 }.map(\.0)
    return outcome
  }
}
