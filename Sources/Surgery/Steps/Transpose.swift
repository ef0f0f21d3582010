internal import SutureJSON
internal import SutureTensors
internal import SutureYAML

/// Swaps two axes, as `Tensor.transpose`; a view.
public struct Transpose: Step {
  let patterns: [String]
  let axes: [Int]

  public init(_ patterns: String..., axes first: Int = 0, _ second: Int = 1) {
    self.init(patterns, axes: [first, second])
  }

  /// - Parameter axes: the two to swap; counted from the last where negative.
  public init(_ patterns: [String], axes: [Int] = [0, 1]) { (self.patterns, self.axes) = (patterns, axes) }

  public var summary: String { "transpose axes \(axes) of \(quoted(patterns))" }

  public func apply(to draft: inout Draft) throws -> Int {
    guard axes.count == 2 else {
      throw StepFailure(
        kind: .badPattern, reason: "needs two axes", hints: ["permute puts more of them in another order"])
    }
    return try transform(patterns, &draft) { entry in
      var order = Array(entry.tensor.shape.indices)
      order.swapAt(try axis(axes[0], of: entry), try axis(axes[1], of: entry))
      return try entry.tensor.permuted(order)
    }
  }
}

extension Transpose: RecipeStep {
  static let verb = "transpose"
  static let options = ["axes"]

  init(_ fields: StepFields) throws(YAMLError) {
    let axes = try fields["axes"].map { node throws(YAMLError) in
      let axes = try node.requireIntegers()
      guard axes.count == 2 else { throw node.error("two axes are needed, \(axes.count) are given") }
      return axes
    }
    self.init(try fields.operand.requireStrings(), axes: axes ?? [0, 1])
  }

  var operand: JSONValue { .strings(patterns) }

  var chosen: [(key: String, value: JSONValue)] {
    axes == [0, 1] ? [] : [("axes", .array(axes.map { .integer($0) }))]
  }
}
