internal import SutureJSON
internal import SutureYAML

/// Leaves out the entries whose names fit one of the patterns.
public struct Drop: Step {
  let patterns: [String]

  public init(_ patterns: String...) { self.patterns = patterns }
  public init(_ patterns: [String]) { self.patterns = patterns }

  public var summary: String { "drop \(quoted(patterns))" }

  public func apply(to draft: inout Draft) throws -> Int {
    // norm* and *norm* are easily confused: say what stayed.
    let hits = try touch(patterns, &draft, restIs: "kept")
    draft.entries = zip(draft.entries, hits).filter { !$0.1 }.map(\.0)
    return draft.touched.count
  }
}

extension Drop: RecipeStep {
  static let verb = "drop"
  init(_ fields: StepFields) throws(YAMLError) { self.init(try fields.operand.requireStrings()) }
  var operand: JSONValue { .strings(patterns) }
}
