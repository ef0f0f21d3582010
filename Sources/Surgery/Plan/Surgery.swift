public import SutureTensors

/// Steps in their order, as a value.
///
///     let surgery = Surgery {
///       Drop("norm*", "head*")
///       Replicate("model.{0..3}.")
///     }
public struct Surgery: Sendable {
  public var steps: [PlannedStep]

  public init(@StepBuilder _ steps: () -> [PlannedStep]) { self.steps = steps() }

  public init(_ steps: [PlannedStep]) { self.steps = steps }

  /// What the steps do to `stateDict`.
  public func plan(for stateDict: StateDict, expecting expected: Int? = nil) throws(SurgeryError) -> Plan {
    try Plan(of: stateDict, steps: steps, expecting: PlanExpectation(output: expected))
  }

  /// What the steps do to `stateDict`, with what they may ask for beside it.
  public func plan(
    for stateDict: StateDict, expecting expectation: PlanExpectation, with inputs: Inputs = Inputs()
  ) throws(SurgeryError) -> Plan {
    try Plan(of: stateDict, steps: steps, expecting: expectation, with: inputs)
  }
}

extension Surgery: ExpressibleByArrayLiteral {
  public init(arrayLiteral steps: any Step...) { self.init(steps.map { PlannedStep($0) }) }
}

/// Collects steps that are written one below the other.
@resultBuilder public enum StepBuilder {
  public static func buildExpression(_ step: any Step) -> [PlannedStep] { [PlannedStep(step)] }
  /// A step whose patterns may fit nothing.
  public static func buildExpression(_ step: PlannedStep) -> [PlannedStep] { [step] }
  /// The steps of another surgery, in its place.
  public static func buildExpression(_ surgery: Surgery) -> [PlannedStep] { surgery.steps }
  public static func buildBlock(_ parts: [PlannedStep]...) -> [PlannedStep] { parts.flatMap(\.self) }
  public static func buildOptional(_ part: [PlannedStep]?) -> [PlannedStep] { part ?? [] }
  public static func buildEither(first part: [PlannedStep]) -> [PlannedStep] { part }
  public static func buildEither(second part: [PlannedStep]) -> [PlannedStep] { part }
  public static func buildArray(_ parts: [[PlannedStep]]) -> [PlannedStep] { parts.flatMap(\.self) }
}
