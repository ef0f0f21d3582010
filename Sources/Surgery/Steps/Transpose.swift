internal import SutureTensors
internal import SutureText

/// Swaps two axes, as `Tensor.transpose`; a view.
public struct Transpose: Step {
  let patterns: [String]
  let axes: [Int]

  public init(_ patterns: String..., axes first: Int = 0, _ second: Int = 1) {
    self.init(patterns, axes: [first, second])
  }

  /// - Parameter axes: the two to swap; counted from the last where negative.
  public init(_ patterns: [String], axes: [Int] = [0, 1]) { (self.patterns, self.axes) = (patterns, axes) }

  public static let schema = StepSchema(
    "transpose", .tensors, "Swap two axes, 0 and 1 where none are named.",
    operand: .operand(.patterns, "PATTERN"), fields: [.optional("axes", .integers, "A,B", after: "=")],
    example: #"{transpose: "head.weight"}"#,
    on: "head.weight [10,96]")

  public init(_ record: StepRecord) throws {
    let axes = try record["axes"].map { value in
      let axes = try value.integers()
      if axes.count != 2 { throw value.error(Self.needsTwo, advice: Self.permute) }
      return axes
    }
    self.init(try record.operand.strings(), axes: axes ?? [0, 1])
  }

  public var record: StepRecord {
    StepRecord("transpose", .strings(patterns), axes == [0, 1] ? [] : [("axes", .integers(axes))])
  }

  public func summary(_: ResolvedFields) -> String { "transpose axes \(axes) of \(quoted(patterns))" }

  private static let needsTwo = "needs two axes"
  private static let permute = "permute puts more of them in another order"

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    guard axes.count == 2 else {
      throw SurgeryError(.badPattern, Self.needsTwo, remedies: [.advice(Self.permute)])
    }
    return try .transforming(patterns, &draft) { entry in
      var order = Array(entry.tensor.shape.indices)
      order.swapAt(try entry.axis(axes[0]), try entry.axis(axes[1]))
      return try entry.tensor.permuted(order)
    }
  }
}
