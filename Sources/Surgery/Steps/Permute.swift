internal import SutureTensors

/// Puts the axes in another order, as `Tensor.permute`; a view.
public struct Permute: Step {
  let patterns: [String]
  let order: [Int]

  /// - Parameter order: for each axis of the result which axis it was; from the last where negative.
  public init(_ patterns: String..., order: [Int]) { self.init(patterns, order: order) }

  public init(_ patterns: [String], order: [Int]) { (self.patterns, self.order) = (patterns, order) }

  public static let schema = StepSchema(
    "permute", .tensors, "Put the axes in another order.", operand: .operand(.patterns, "PATTERN"),
    fields: [.required("order", .integers, "A,B,C", after: "=")],
    example: #"{permute: "conv.weight", order: [0, 2, 3, 1]}"#,
    on: "conv.weight [8,3,5,5]")

  public init(_ record: StepRecord) throws {
    self.init(try record.operand.strings(), order: try record.require("order").integers())
  }

  public var record: StepRecord {
    StepRecord("permute", .strings(patterns), [("order", .integers(order))])
  }

  public func summary(_: ResolvedFields) -> String { "permute \(quoted(patterns)) to \(order)" }

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    try .transforming(patterns, &draft) { entry in
      let rank = entry.tensor.shape.count
      guard order.count == rank else {
        throw entry.doesNotFit("it has \(rank) axes, and \(order.count) are named")
      }
      let axes = try order.map { try entry.axis($0) }
      guard Set(axes).count == rank else { throw entry.doesNotFit("an axis is named twice") }
      return try entry.tensor.permuted(axes)
    }
  }
}
