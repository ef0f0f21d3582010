/// Adds a number to every element: `tensor + number`; of complex ones to the real part.
public struct Add: ConstantStep {
  static let key = "number"
  static let roundsNumber = true
  let patterns: [String]
  let number: Double

  public init(_ patterns: String..., by number: Double) { self.init(patterns, number) }
  init(_ patterns: [String], _ number: Double) { (self.patterns, self.number) = (patterns, number) }

  public static let schema = StepSchema(
    "add", .tensors, "Add a number to every element.", operand: .operand(.patterns, "PATTERN"),
    fields: fields,
    example: #"{add: "*.norm.weight", number: 1}"#,
    on: "blocks.0.norm.weight [64]")

  static func result(_ element: Double, _ number: Double, isImaginary: Bool) -> Double {
    isImaginary ? element : element + number
  }
  static func result(_ element: Float, _ number: Float, isImaginary: Bool) -> Float {
    isImaginary ? element : element + number
  }
}
