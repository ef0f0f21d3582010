/// Multiplies every element by a number: `tensor * number`.
public struct Scale: ConstantStep {
  static let key = "by"
  static let roundsNumber = false
  let patterns: [String]
  let number: Double

  public init(_ patterns: String..., by number: Double) { self.init(patterns, number) }
  init(_ patterns: [String], _ number: Double) { (self.patterns, self.number) = (patterns, number) }

  public static let schema = StepSchema(
    "scale", .tensors, "Multiply every element by a number.", operand: .operand(.patterns, "PATTERN"),
    fields: fields, example: #"{scale: "*.lora_B.weight", by: 0.5}"#,
    on: "fc.lora_B.weight [64,8]")

  static func result(_ element: Double, _ number: Double, isImaginary _: Bool) -> Double { element * number }
  static func result(_ element: Float, _ number: Float, isImaginary _: Bool) -> Float { element * number }
}
