internal import SutureJSON
internal import SutureTensors
internal import SutureYAML

/// Makes tensors the very same as another one, as tied embeddings are: what they held is dropped.
public struct Tie: Step {
  let patterns: [String]
  let name: String

  /// - Parameter name: the whole name of the tensor that stays.
  public init(_ patterns: String..., to name: String) { self.init(patterns, to: name) }

  public init(_ patterns: [String], to name: String) { (self.patterns, self.name) = (patterns, name) }

  public var summary: String { "tie \(quoted(patterns)) to \"\(name)\"" }

  public func apply(to draft: inout Draft) throws -> Int {
    let hits = try touch(patterns, &draft)
    guard let model = draft.entries.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
      throw StepFailure(
        kind: .noMatch, reason: "found no key \"\(name)\"",
        hints: Suggestion.hints(for: name, among: draft.entries.map(\.name)))
    }
    for index in draft.entries.indices where hits[index] {
      let entry = draft.entries[index]
      guard entry.tensor.shape == model.tensor.shape, entry.tensor.dtype == model.tensor.dtype else {
        throw doesNotFit(
          entry, "\(name) has \(model.tensor.shape), \(model.tensor.dtype); it is \(entry.tensor.dtype)")
      }
      draft.entries[index].tensor = model.tensor
      draft.entries[index].origins = model.origins
    }
    return draft.touched.count
  }
}

extension Tie: RecipeStep {
  static let verb = "tie"
  static let options = ["to"]

  init(_ fields: StepFields) throws(YAMLError) {
    self.init(try fields.operand.requireStrings(), to: try fields.require("to").requireString())
  }

  var operand: JSONValue { .strings(patterns) }
  var chosen: [(key: String, value: JSONValue)] { [("to", .string(name))] }
}
