internal import SutureJSON
internal import SutureTensors

/// Takes some places of an axis, in the order given, as `torch.index_select`: the rows of some classes.
public struct IndexSelect: Step {
  let patterns: [String]
  let indices: [Int]
  let axis: Int

  /// - Parameter indices: counted from 0; one may come several times.
  public init(_ patterns: String..., indices: [Int], axis: Int = 0) {
    self.init(patterns, indices: indices, axis: axis)
  }

  public init(_ patterns: [String], indices: [Int], axis: Int = 0) {
    (self.patterns, self.indices, self.axis) = (patterns, indices, axis)
  }

  public static let schema = StepSchema(
    "index-select", .tensors, "Take some places of an axis, in the order given: 'head.*=0,5,7'.",
    operand: .operand(.patterns, "PATTERN"),
    fields: [
      .required("indices", .integers, "INDICES", after: "="), .optional("axis", .integer, "AXIS", after: "@"),
    ], example: #"{index-select: "head.*", indices: [0, 5, 7]}"#,
    on: "head.weight [10,96] head.bias [10]")

  public init(_ record: StepRecord) throws {
    let value = try record.require("indices")
    let indices = try value.integers()
    guard !indices.isEmpty, indices.count <= Self.most else {
      throw value.error("index-select takes 1 to \(Self.most) indices")
    }
    self.init(try record.operand.strings(), indices: indices, axis: try record.integer("axis", default: 0))
  }

  /// As many as the largest vocabularies have, and more.
  private static let most = 1 << 20

  public var record: StepRecord {
    StepRecord(
      "index-select", .strings(patterns),
      [("indices", .integers(indices))] + (axis == 0 ? [] : [("axis", .integer(axis))]))
  }

  public func summary(_: ResolvedFields) -> String {
    let shown = indices.count > 8 ? "\(indices.count) places" : "\(indices)"
    return "index-select \(shown) of axis \(axis) of \(quoted(patterns))"
  }

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    if indices.isEmpty { throw SurgeryError(.badPattern, "needs an index") }
    return try .transforming(patterns, &draft) { entry in
      try entry.requirePlain()
      let axis = try entry.axis(axis)
      let count = entry.tensor.shape[axis]
      if let index = indices.first(where: { $0 < 0 || $0 >= count }) {
        throw entry.doesNotFit("axis \(axis) has \(count) elements, and none is \(index)")
      }
      let parts = try runs.map { try entry.tensor.sliced($0, axis: axis, step: 1) }
      return try Tensor.joined(parts, axis: axis)
    }
  }

  /// The indices as ranges, each as long as they go up by one.
  private var runs: [Range<Int>] {
    var runs: [Range<Int>] = []
    for index in indices {
      if let last = runs.last, last.upperBound == index {
        runs[runs.count - 1] = last.lowerBound..<(index + 1)
      } else {
        runs.append(index..<(index + 1))
      }
    }
    return runs
  }
}
