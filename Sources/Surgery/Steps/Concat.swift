internal import SutureTensors

/// Joins tensors along an axis, as `torch.cat`: `blocks.#.{q,k,v}.weight` into `blocks.{1}.qkv.weight`.
///
/// Tensors whose names give the same new name are joined, in the order of the patterns and their braces, the first of
/// which vary slowest: so it undoes a ``Split`` into the same names. What lacks a part is refused; see `JoinGroups`.
public struct Concat: JoiningStep {
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
    "concat", .tensors, "Join along an axis: '*.{q,k,v}.w={1}.qkv.w'.",
    operand: .operand(.patterns, "PATTERN"), fields: fields,
    example: #"{concat: "*.{q,k,v}.weight", to: "{1}.qkv.weight"}"#,
    on: "blocks.0.q.weight [64,64] blocks.0.k.weight [64,64] blocks.0.v.weight [64,64]")

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    try join(&draft) { entries in
      let axis = try entries[0].axis(axis)
      let shape = entries[0].tensor.shape
      for entry in entries.dropFirst() {
        let other = entry.tensor.shape
        guard other.count == shape.count, shape.indices.allSatisfy({ $0 == axis || shape[$0] == other[$0] })
        else {
          throw entry.doesNotFit("\(entries[0].name) has \(shape); they may differ along axis \(axis) only")
        }
      }
      return try Tensor.joined(entries.map(\.tensor), axis: axis)
    }
  }
}
