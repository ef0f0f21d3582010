internal import SutureJSON
internal import SutureTensors
internal import SutureYAML

/// A step that makes one tensor of several, along an axis.
protocol JoiningStep: RecipeStep {
  var patterns: [String] { get }
  var template: String { get }
  var axis: Int { get }

  init(_ patterns: [String], to template: String, axis: Int)
}

extension JoiningStep {
  static var options: [String] { ["to", "axis"] }

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

extension JoiningStep {
  /// Makes one tensor of each group of them, which have one dtype.
  func join(_ draft: inout Draft, _ make: ([Draft.Entry]) throws -> Tensor) throws -> Int {
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
