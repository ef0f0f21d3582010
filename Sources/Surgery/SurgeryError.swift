/// Why a plan is refused.
///
/// Nothing has been written then.
public struct SurgeryError: Error, CustomStringConvertible {
  public enum Kind: Sendable {
    case noMatch
    case collision
    case expectation
    case empty
    /// A pattern or template cannot be read: a mistake in the words, not in the plan.
    case badPattern
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

  public var description: String {
    ([reason] + (hints + ["nothing was written"]).map { "  \($0)" }).joined(separator: "\n")
  }
}
