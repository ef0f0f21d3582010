public import SutureTensors

/// Steps in their order, as a value.
///
///     let surgery = Surgery {
///       Drop("norm*", "head*")
///       Replicate("model.{0..3}.")
///     }
public struct Surgery: Sendable {
  public let steps: [any Step]

  public init(@StepBuilder _ steps: () -> [any Step]) { self.steps = steps() }

  /// The steps of a recipe.
  public init(_ recipe: Recipe) { steps = recipe.steps }

  /// What the steps do to `stateDict`.
  ///
  /// - Throws: ``SurgeryError``.
  public func plan(for stateDict: StateDict, expecting expected: Int? = nil) throws(SurgeryError) -> Plan {
    try Plan(of: stateDict, steps: steps, expecting: expected)
  }

  /// What the steps do to `stateDict`, with what they may ask for beside it.
  ///
  /// - Throws: ``SurgeryError``.
  public func plan(
    for stateDict: StateDict, expecting expectation: PlanExpectation, with inputs: Inputs = Inputs()
  ) throws(SurgeryError) -> Plan {
    try Plan(of: stateDict, steps: steps, expecting: expectation, with: inputs)
  }
}

/// Collects steps that are written one below the other.
@resultBuilder public enum StepBuilder {
  public static func buildExpression(_ step: any Step) -> [any Step] { [step] }
  /// The steps of another surgery, in its place.
  public static func buildExpression(_ surgery: Surgery) -> [any Step] { surgery.steps }
  /// The steps of a recipe, in its place.
  public static func buildExpression(_ recipe: Recipe) -> [any Step] { recipe.steps }
  public static func buildBlock(_ parts: [any Step]...) -> [any Step] { parts.flatMap(\.self) }
  public static func buildOptional(_ part: [any Step]?) -> [any Step] { part ?? [] }
  public static func buildEither(first part: [any Step]) -> [any Step] { part }
  public static func buildEither(second part: [any Step]) -> [any Step] { part }
  public static func buildArray(_ parts: [[any Step]]) -> [any Step] { parts.flatMap(\.self) }
}
