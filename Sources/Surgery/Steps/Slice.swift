internal import SutureJSON
internal import SutureTensors

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

  public static let schema = StepSchema(
    "slice", .tensors, "Take a range of an axis, written as in Python.",
    operand: .operand(.patterns, "PATTERN"),
    fields: [
      .required("range", .text, "FROM:TO", after: "="), .optional("axis", .integer, "AXIS", after: "@"),
    ], example: #"{slice: "head.*", range: "0:10"}"#,
    on: "head.weight [1000,96] head.bias [1000]")

  public init(_ record: StepRecord) throws {
    let value = try record.require("range")
    let text = try value.string()
    guard let range = SliceRange(text) else {
      throw value.error("\"\(text)\" is no range", advice: "write it as Python does: 0:10, :-1 or ::2")
    }
    self.init(try record.operand.strings(), range: range, axis: try record.integer("axis", default: 0))
  }

  public var record: StepRecord {
    StepRecord(
      "slice", .strings(patterns),
      [("range", .string(range.text))] + (axis == 0 ? [] : [("axis", .integer(axis))]))
  }

  public func summary(_: ResolvedFields) -> String {
    "slice \(range.text) of axis \(axis) of \(quoted(patterns))"
  }

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    try .transforming(patterns, &draft) { entry in
      let axis = try entry.axis(axis)
      guard let bounds = range.bounds(in: entry.tensor.shape[axis]) else {
        throw entry.doesNotFit("axis \(axis) has \(entry.tensor.shape[axis]) elements")
      }
      return try entry.tensor.sliced(bounds, axis: axis, step: range.step)
    }
  }
}

/// A range of an axis as Python writes it: `0:10`, `:-1`, `::2`.
public struct SliceRange: Sendable {
  let text: String
  private let from: Int?
  private let to: Int?
  let step: Int

  /// `nil` where the text is no range with a positive step.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    let numbers = parts.map { Int($0) }
    guard (2...3).contains(parts.count), zip(parts, numbers).allSatisfy({ $0.isEmpty || $1 != nil }) else {
      return nil
    }
    let step = numbers.count == 3 ? numbers[2] ?? 1 : 1
    guard step > 0 else { return nil }
    (self.text, from, to, self.step) = (text, numbers[0], numbers[1], step)
  }

  /// The range in an axis of `count` elements; `nil` where it is empty or reaches beyond.
  func bounds(in count: Int) -> Range<Int>? {
    func place(_ index: Int?, default usual: Int) -> Int? {
      guard let index else { return usual }
      guard index >= -count, index <= count else { return nil }
      return index < 0 ? index + count : index
    }
    guard let first = place(from, default: 0), let last = place(to, default: count), first < last else {
      return nil
    }
    return first..<last
  }
}
