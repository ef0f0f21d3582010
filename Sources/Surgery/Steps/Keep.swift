internal import SutureJSON
internal import SutureYAML

/// Leaves out all entries but those whose names fit one of the patterns.
public struct Keep: Step {
  let patterns: [String]

  public init(_ patterns: String...) { self.patterns = patterns }
  public init(_ patterns: [String]) { self.patterns = patterns }

  public var summary: String { "keep \(quoted(patterns))" }

  public func apply(to draft: inout Draft) throws -> Int {
    let hits = try touch(patterns, &draft, restIs: "dropped")
    draft.entries = zip(draft.entries, hits).filter(\.1).map(\.0)
    return draft.entries.count
  }
}

extension Keep: RecipeStep {
  static let verb = "keep"
  init(_ fields: StepFields) throws(YAMLError) { self.init(try fields.operand.requireStrings()) }
  var operand: JSONValue { .strings(patterns) }
}
