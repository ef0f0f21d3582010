internal import SutureJSON
internal import SutureTensors
internal import SutureYAML

/// Puts the axes in another order, as `Tensor.permute`; a view.
public struct Permute: Step {
  let patterns: [String]
  let order: [Int]

  /// - Parameter order: for each axis of the result which axis it was; from the last where negative.
  public init(_ patterns: String..., order: [Int]) { self.init(patterns, order: order) }

  public init(_ patterns: [String], order: [Int]) { (self.patterns, self.order) = (patterns, order) }

  public var summary: String { "permute \(quoted(patterns)) to \(order)" }

  public func apply(to draft: inout Draft) throws -> Int {
    try transform(patterns, &draft) { entry in
      let rank = entry.tensor.shape.count
      guard order.count == rank else {
        throw doesNotFit(entry, "it has \(rank) axes, and \(order.count) are named")
      }
      let axes = try order.map { try axis($0, of: entry) }
      guard Set(axes).count == rank else { throw doesNotFit(entry, "an axis is named twice") }
      return try entry.tensor.permuted(axes)
    }
  }
}

extension Permute: RecipeStep {
  static let verb = "permute"
  static let options = ["order"]

  init(_ fields: StepFields) throws(YAMLError) {
    self.init(try fields.operand.requireStrings(), order: try fields.require("order").requireIntegers())
  }

  var operand: JSONValue { .strings(patterns) }
  var chosen: [(key: String, value: JSONValue)] { [("order", .array(order.map { .integer($0) }))] }
}
