internal import SutureJSON
internal import SutureYAML

/// Gives the entries that fit a pattern new names, made from what its wildcards stand for.
public struct Rename: Step {
  let pattern: String
  let template: String

  public init(_ pattern: String, to template: String) { (self.pattern, self.template) = (pattern, template) }

  public var summary: String { "rename \"\(pattern)\" to \"\(template)\"" }

  public func apply(to draft: inout Draft) throws -> Int {
    let hits = try touch([self.pattern], &draft)
    let pattern = try Pattern(pattern)
    let template = try Template(template)
    guard template.count == 1 else {
      throw PatternError(
        self.template, column: 1, "it gives \(template.count) names for one key; replicate makes copies")
    }
    for index in draft.entries.indices where hits[index] {
      let name = draft.entries[index].name
      draft.entries[index].name = try template.names(for: name, captures: pattern.captures(name) ?? [])[0]
    }
    return draft.touched.count
  }
}

extension Rename: RecipeStep {
  static let verb = "rename"
  static let options = ["to"]
  init(_ fields: StepFields) throws(YAMLError) {
    self.init(try fields.operand.requireString(), to: try fields.require("to").requireString())
  }
  var operand: JSONValue { .string(pattern) }
  var chosen: [(key: String, value: JSONValue)] { [("to", .string(template))] }
}
