internal import SutureJSON
internal import SutureYAML

/// Puts a prefix before every name.
public struct AddPrefix: Step {
  let prefix: String

  public init(_ prefix: String) { self.prefix = prefix }

  public var summary: String { "add prefix \"\(prefix)\"" }

  public func apply(to draft: inout Draft) throws -> Int {
    draft.touched = draft.entries.map(\.name)
    for index in draft.entries.indices { draft.entries[index].name = prefix + draft.entries[index].name }
    return draft.entries.count
  }
}

extension AddPrefix: RecipeStep {
  static let verb = "add-prefix"
  init(_ fields: StepFields) throws(YAMLError) { self.init(try fields.operand.requireString()) }
  var operand: JSONValue { .string(prefix) }
}
