internal import SutureTensors

/// Joins tensors along a new axis, as `torch.stack`: `experts.#.weight` into `experts.weight`.
///
/// Tensors whose names give the same new name are joined, in the order of ``Concat``; numbers count up without a gap.
public struct Stack: JoiningStep {
  let patterns: [String]
  let template: String
  let axis: Int

  public init(_ patterns: String..., to template: String, axis: Int = 0) {
    self.init(patterns, to: template, axis: axis)
  }

  public init(_ patterns: [String], to template: String, axis: Int = 0) {
    (self.patterns, self.template, self.axis) = (patterns, template, axis)
  }

  public static let schema = StepSchema(
    "stack", .tensors, "Join along a new axis: 'experts.#.w=experts.w'.",
    operand: .operand(.patterns, "PATTERN"), fields: fields,
    example: #"{stack: "experts.#.weight", to: "experts.weight"}"#,
    on: "experts.0.weight [8,4] experts.1.weight [8,4]")

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    try join(&draft) { entries in
      let shape = entries[0].tensor.shape
      guard axis >= -shape.count - 1, axis <= shape.count, shape.count < Tensor.maximumRank else {
        throw entries[0].doesNotFit("a new axis cannot be \(axis)")
      }
      let place = axis < 0 ? axis + shape.count + 1 : axis
      for entry in entries.dropFirst() where entry.tensor.shape != shape {
        throw entry.doesNotFit("\(entries[0].name) has \(shape)")
      }
      let parts = try entries.map { entry in
        var sizes = shape
        sizes.insert(1, at: place)
        return try entry.tensor.reshaped(sizes)
      }
      return try Tensor.joined(parts, axis: place)
    }
  }
}
