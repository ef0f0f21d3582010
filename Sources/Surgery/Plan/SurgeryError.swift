public import SutureText

/// Why a plan is refused.
public struct SurgeryError: SutureError {
  public enum Cause: Sendable {
    case noMatch
    case collision
    case expectation
    case empty
    /// A shape or a dtype does not fit what a step would do with it.
    case doesNotFit
    /// A pattern, a template or another value cannot be: a mistake in the words, not in the plan.
    case badPattern
    /// The steps cannot be done in this order, or with what there is.
    case impossible
  }

  public let cause: Cause
  public let kind: FailureKind
  public let place: FailurePlace
  /// Which step, counted from 1, where it was one.
  public let step: Int?
  /// What is wrong, in one line; of a step that is being done, what it "matched" or "needs".
  public let reason: String
  public let remedies: [Remedy]

  private init(
    _ cause: Cause, kind: FailureKind, at place: FailurePlace, step: Int?, _ reason: String,
    _ remedies: [Remedy]
  ) {
    (self.cause, self.kind, self.place, self.step) = (cause, kind, place, step)
    (self.reason, self.remedies) = (reason, remedies)
  }

  /// What a step throws: the plan adds which one it was, so the reason goes on after its words: "matched no keys".
  public init(_ cause: Cause, _ reason: String, remedies: [Remedy] = []) {
    let kind: FailureKind =
      switch cause {
      case .badPattern: .usage
      case .doesNotFit: .doesNotFit
      case .noMatch, .collision, .expectation, .empty, .impossible: .refused
      }
    self.init(cause, kind: kind, at: FailurePlace(), step: nil, reason, remedies)
  }

  /// An error of a room below, with its kind and its place.
  init(_ cause: Cause, _ error: any Error) {
    guard let error = error as? any SutureError else {
      self.init(cause, "\(error)")
      return
    }
    self.init(cause, kind: error.kind, at: error.place, step: nil, error.reason, error.remedies)
  }

  /// What a step could not do; an error of another kind keeps its kind and its place.
  init(_ error: any Error, _ step: PlannedStep, _ number: Int) {
    let known = error as? any SutureError
    let place = known?.place ?? FailurePlace()
    let start = "step \(number) (\(step.summary))"
    let (cause, reason): (Cause, String) =
      switch error {
      case let error as SurgeryError: (error.cause, "\(start) \(error.reason)")
      case let error as PatternError: (.badPattern, "step \(number): \(error.reason)")
      case let error as any SutureError: (Self.cause(error.kind), "\(start): \(error.reason)")
      default: (.impossible, "\(start): \(error)")
      }
    self.init(
      cause, kind: known?.kind ?? .refused, at: place == FailurePlace() ? step.place : place, step: number,
      reason, known?.remedies ?? [])
  }

  private static func cause(_ kind: FailureKind) -> Cause {
    switch kind {
    case .usage: .badPattern
    case .doesNotFit: .doesNotFit
    default: .impossible
    }
  }
}
