internal import SutureJSON
internal import SutureTensors
internal import SutureYAML

/// Takes a range of an axis, as `tensor[:, 0:10]`; a view.
///
/// Unlike Python it refuses a range that reaches beyond the axis.
public struct Slice: Step {
  let patterns: [String]
  let range: SliceRange
  let axis: Int

  /// - Parameter range: as Python writes it: `0:10`, `:-1`, `::2`.
  public init(_ patterns: String..., range: SliceRange, axis: Int = 0) {
    self.init(patterns, range: range, axis: axis)
  }

  public init(_ patterns: [String], range: SliceRange, axis: Int = 0) {
    (self.patterns, self.range, self.axis) = (patterns, range, axis)
  }

  public var summary: String { "slice \(range.text) of axis \(axis) of \(quoted(patterns))" }

  public func apply(to draft: inout Draft) throws -> Int {
    try transform(patterns, &draft) { entry in
      let axis = try axis(axis, of: entry)
      guard let bounds = range.bounds(in: entry.tensor.shape[axis]) else {
        throw doesNotFit(entry, "axis \(axis) has \(entry.tensor.shape[axis]) elements")
      }
      return try entry.tensor.sliced(bounds, axis: axis, step: range.step)
    }
  }
}

extension Slice: RecipeStep {
  static let verb = "slice"
  static let options = ["range", "axis"]

  init(_ fields: StepFields) throws(YAMLError) {
    let node = try fields.require("range")
    let text = try node.requireString()
    guard let range = SliceRange(text) else {
      throw node.error("\"\(text)\" is no range", advice: "write it as Python does: 0:10, :-1 or ::2")
    }
    self.init(
      try fields.operand.requireStrings(), range: range, axis: try fields.integer("axis", unsaid: 0))
  }

  var operand: JSONValue { .strings(patterns) }

  var chosen: [(key: String, value: JSONValue)] {
    [("range", .string(range.text))] + (axis == 0 ? [] : [("axis", .integer(axis))])
  }
}
