internal import JSON
internal import Tensors
internal import YAML

/// Joins tensors along an axis, as `torch.cat`: `blocks.#.{q,k,v}.weight` into `blocks.{1}.qkv.weight`.
///
/// Tensors whose names give the same new name are joined, in the order of the patterns and their braces.
public struct Concat: Step {
  let patterns: [String]
  let template: String
  let axis: Int

  public init(_ patterns: String..., to template: String, axis: Int = 0) {
    self.init(patterns, to: template, axis: axis)
  }

  public init(_ patterns: [String], to template: String, axis: Int = 0) {
    (self.patterns, self.template, self.axis) = (patterns, template, axis)
  }

  public var summary: String { "concat \(quoted(patterns)) to \"\(template)\" along axis \(axis)" }

  public func apply(to draft: inout Draft) throws -> Int {
    try join(patterns, template, &draft) { entries in
      let axis = try self.axis(axis, of: entries[0])
      let shape = entries[0].tensor.shape
      for entry in entries.dropFirst() {
        let other = entry.tensor.shape
        guard other.count == shape.count, shape.indices.allSatisfy({ $0 == axis || shape[$0] == other[$0] })
        else {
          throw doesNotFit(entry, "\(entries[0].name) has \(shape); they may differ along axis \(axis) only")
        }
      }
      return try Tensor.joined(entries.map(\.tensor), axis: axis)
    }
  }
}

extension Step {
  /// Makes one tensor of each group of them, which have one dtype.
  func join(
    _ patterns: [String], _ template: String, _ draft: inout Draft, _ make: ([Draft.Entry]) throws -> Tensor
  ) throws -> Int {
    _ = try touch(patterns, &draft)
    var merged: [(members: [Int], entry: Draft.Entry)] = []
    for group in try EntryGroups(patterns, to: template, draft).groups {
      let members = group.members.map { draft.entries[$0] }
      for entry in members {
        try requirePlain(entry)
        if entry.tensor.dtype != members[0].tensor.dtype {
          throw doesNotFit(
            entry, "it is \(entry.tensor.dtype), but \(members[0].name) is \(members[0].tensor.dtype)",
            hints: ["cast gives them one dtype"])
        }
      }
      if members.count == 1 {
        draft.notes.append("\"\(group.name)\" is made of \(members[0].name) alone")
      }
      let tensor = try fitting(members[0]) { try make(members) }
      merged.append(
        (group.members, .init(name: group.name, origins: members.flatMap(\.origins), tensor: tensor)))
    }
    draft.replace(merged)
    return draft.touched.count
  }
}

extension Concat: RecipeStep {
  static let verb = "concat"
  static let options = ["to", "axis"]

  init(_ fields: StepFields) throws(YAMLError) {
    self.init(
      try fields.operand.requireStrings(), to: try fields.require("to").requireString(),
      axis: try fields.integer("axis", unsaid: 0))
  }

  var operand: JSONValue { .strings(patterns) }

  var chosen: [(key: String, value: JSONValue)] {
    [("to", .string(template))] + (axis == 0 ? [] : [("axis", .integer(axis))])
  }
}
