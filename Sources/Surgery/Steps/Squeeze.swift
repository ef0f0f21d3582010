internal import SutureJSON
internal import SutureTensors

/// Takes the kernel's axes of size 1 from weights, whatever their other sizes: a 1×1 convolution becomes a linear layer.
///
/// [out, in, 1, 1] and [out, in, 1] become [out, in]; a view.
public struct Squeeze: Step {
  let patterns: [String]

  public init(_ patterns: String...) { self.init(patterns) }
  public init(_ patterns: [String]) { self.patterns = patterns }

  public static let schema = StepSchema(
    "squeeze", .tensors, "Make 1×1 convolutions linear layers: [out, in, 1, 1] to [out, in].",
    operand: .operand(.patterns, "PATTERN"), example: #"{squeeze: "*.proj.weight"}"#,
    on: "blocks.0.proj.weight [64,64,1,1]")

  public init(_ record: StepRecord) throws { self.init(try record.operand.strings()) }
  public var record: StepRecord { StepRecord("squeeze", .strings(patterns)) }

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    try .transforming(patterns, &draft) { entry in
      let shape = entry.tensor.shape
      guard shape.count >= 2 else { throw entry.doesNotFit("a weight is [out, in, kernel…]") }
      guard shape.dropFirst(2).allSatisfy({ $0 == 1 }) else {
        throw entry.doesNotFit("its kernel is larger than 1, and would be lost")
      }
      return shape.count == 2 ? entry.tensor : try entry.tensor.reshaped(Array(shape.prefix(2)))
    }
  }
}
