/// Why a plan is refused.
///
/// Nothing has been written then.
public struct SurgeryError: Error, CustomStringConvertible {
  public enum Kind: Sendable {
    case noMatch
    case collision
    case expectation
    case empty
    /// A shape or a dtype does not fit what a step would do with it.
    case doesNotFit
    /// A pattern or template cannot be read: a mistake in the words, not in the plan.
    case badPattern
    /// The steps cannot be done in this order, or with what there is.
    case impossible
  }

  public let kind: Kind
  /// Which step, counted from 1, where it was one.
  public let step: Int?
  /// What is wrong, in one line.
  public let reason: String
  public let hints: [String]

  init(_ kind: Kind, step: Int? = nil, _ reason: String, hints: [String]) {
    (self.kind, self.step, self.reason, self.hints) = (kind, step, reason, hints)
  }

  /// What a step could not do.
  init(_ error: any Error, _ step: any Step, _ number: Int) {
    switch error {
    case let failure as StepFailure:
      self.init(
        failure.kind, step: number, "step \(number) (\(step.summary)) \(failure.reason)",
        hints: failure.hints + step.place)
    case let error as PatternError:
      self.init(
        .badPattern, step: number, "step \(number): the pattern \"\(error.text)\" cannot be read",
        hints: ["column \(error.column): \(error.detail)"] + step.place)
    default:
      self.init(.impossible, step: number, "step \(number) (\(step.summary)): \(error)", hints: step.place)
    }
  }

  public var description: String {
    ([reason] + (hints + ["nothing was written"]).map { "  \($0)" }).joined(separator: "\n")
  }
}
