internal import SutureBytes
internal import SutureJSON
internal import SutureTensors
internal import SutureText

/// Adds the tensors of another checkpoint, none of whose keys may be here already: the parts of a model become one.
///
/// For keys that are in both there is ``GraftFrom``.
public struct Merge: Step {
  let parts: [String]

  /// - Parameter parts: checkpoints by what ``Inputs/checkpoint`` knows them by; the command's are paths.
  public init(_ parts: String...) { self.init(parts) }
  public init(_ parts: [String]) { self.parts = parts.map(Address.concealed) }

  public static let schema = StepSchema(
    "merge", .files, "Add the tensors of FILE, which shares no key with these.",
    operand: .operand(.files, "FILE"), example: #"{merge: ["text_encoder.pth", "vision_encoder.pth"]}"#,
    on: "fc.weight [10,64]")

  public init(_ record: StepRecord) throws { self.init(try record.operand.strings()) }
  public var record: StepRecord { StepRecord("merge", .strings(parts)) }
  /// The names that each part has added.
  private static let added = "added"

  public func summary(_: ResolvedFields) -> String { "merge with \(quoted(parts))" }

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    var (outcome, added): (StepOutcome, [JSONValue]) = (StepOutcome(), [])
    for part in parts {
      let other = try draft.checkpoint(part)
      let here = draft.places
      let common = other.names.filter { here[ExactString($0)] != nil }
      if !common.isEmpty {
        throw SurgeryError(
          .collision, "\(common.count) of the \(other.names.count) keys of \(part) are here already",
          remedies: [
            .advice(common.summary),
            "graft puts its tensors in the place of those, add-prefix parts the names",
          ])
      }
      if other.isEmpty { outcome.miss(part, "found no tensors in \(part)", remedies: []) }
      draft.entries += other.entries.map { .init(name: $0.name, origins: [], tensor: $0.tensor) }
      outcome.touched += other.names
      added.append(.array(FoldedNames.patterns(for: other.names).map { .string($0) }))
    }
    outcome.resolved.members.append((Self.added, .array(added)))
    return outcome
  }

  public func sources(of name: String, _ resolved: ResolvedFields) -> NameSources {
    guard let added = resolved[Self.added]?.arrayValue, added.count == parts.count else { return .unknown }
    for (part, patterns) in zip(parts, added) {
      let names = FoldedNames.names(of: (patterns.arrayValue ?? []).compactMap(\.stringValue))
      if names.contains(where: { ExactString($0) == ExactString(name) }) {
        return .all([], and: [.init(file: part, name: name)])
      }
    }
    return .one(name)
  }
}
