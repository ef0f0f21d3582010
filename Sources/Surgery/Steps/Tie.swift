internal import SutureJSON
internal import SutureTensors
internal import SutureText

/// Makes tensors the very same as another one, as tied embeddings are: what they held is dropped.
public struct Tie: Step {
  let patterns: [String]
  let name: String

  /// - Parameter name: the whole name of the tensor that stays.
  public init(_ patterns: String..., to name: String) { self.init(patterns, to: name) }

  public init(_ patterns: [String], to name: String) { (self.patterns, self.name) = (patterns, name) }

  public static let schema = StepSchema(
    "tie", .names, "Make the tensors that fit the very same as NAME.",
    operand: .operand(.patterns, "PATTERN"), fields: [.required("to", .name, "NAME", after: "=")],
    example: #"{tie: "lm_head.weight", to: "embed.weight"}"#,
    on: "embed.weight [100,64] lm_head.weight [100,64]")

  public init(_ record: StepRecord) throws {
    self.init(try record.operand.strings(), to: try record.require("to").string())
  }

  public var record: StepRecord { StepRecord("tie", .strings(patterns), [("to", .string(name))]) }

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    var outcome = StepOutcome()
    let hits = try outcome.match(patterns, in: draft)
    if !hits.contains(true) { return outcome }
    guard let model = draft.entries.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
      throw SurgeryError(
        .noMatch, "found no key \"\(name)\"",
        remedies: [.advice(Suggestion.fact(about: name, among: draft.names))])
    }
    var changed: Set<ViewIdentity> = []
    for index in draft.entries.indices where hits[index] {
      let entry = draft.entries[index]
      guard entry.tensor.shape == model.tensor.shape, entry.tensor.dtype == model.tensor.dtype else {
        throw entry.doesNotFit(
          "\(name) has \(model.tensor.shape), \(model.tensor.dtype); it is \(entry.tensor.dtype)")
      }
      if ViewIdentity(entry.tensor) != ViewIdentity(model.tensor) {
        changed.insert(ViewIdentity(entry.tensor))
      }
      draft.entries[index].tensor = model.tensor
      draft.entries[index].sources = model.sources
    }
    outcome.tellTied(changed, among: zip(draft.entries, hits).filter { !$0.1 }.map(\.0))
    return outcome
  }

  public func sources(of name: String, _: ResolvedFields) -> NameSources {
    Pattern.fits(name, any: patterns).map { .one($0 ? self.name : name) } ?? .unknown
  }
}
