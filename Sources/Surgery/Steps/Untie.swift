internal import SutureJSON
internal import SutureTensors
internal import SutureYAML

/// Gives each tensor that fits a storage of its own, as `Tensor.clone` does.
public struct Untie: Step {
  let patterns: [String]

  public init(_ patterns: String...) { self.patterns = patterns }
  public init(_ patterns: [String]) { self.patterns = patterns }

  public var summary: String { "untie \(quoted(patterns))" }

  public func apply(to draft: inout Draft) throws -> Int {
    let hits = try touch(patterns, &draft)
    for index in draft.entries.indices where hits[index] {
      let entry = draft.entries[index]
      draft.entries[index].tensor = try fitting(entry) { try entry.tensor.separated() }
    }
    return draft.touched.count
  }
}

extension Untie: RecipeStep {
  static let verb = "untie"
  init(_ fields: StepFields) throws(YAMLError) { self.init(try fields.operand.requireStrings()) }
  var operand: JSONValue { .strings(patterns) }
}
