internal import SutureJSON

/// A step that may match nothing.
public struct Optionally: Step {
  let step: any Step

  public init(_ step: any Step) { self.step = step }

  public var summary: String { "\(step.summary), if there is any" }

  public var identity: String { "optional " + step.identity }

  public var place: [String] { step.place }

  public func apply(to draft: inout Draft) throws -> Int {
    let before = draft
    do {
      let touched = try step.apply(to: &draft)
      draft.resolvedSummary = draft.resolvedSummary ?? step.summary
      return touched
    } catch let failure as StepFailure where failure.kind == .noMatch {
      draft = before
      draft.resolvedSummary = "\(summary): there was none"
      draft.notes.append("it \(failure.reason), which is allowed")
      return 0
    }
  }
}
