internal import SutureJSON
internal import SutureText

/// Takes a prefix from every name that has it.
public struct StripPrefix: Step {
  let prefix: String

  public init(_ prefix: String) { self.prefix = prefix }

  public static let schema = StepSchema(
    "strip-prefix", .names, "Take PREFIX from every name that has it.", operand: .operand(.text, "PREFIX"),
    example: #"{strip-prefix: "module.", optional: true}"#,
    on: "module.fc.weight [10,64]")

  public init(_ record: StepRecord) throws { self.init(try record.operand.string()) }
  public var record: StepRecord { StepRecord("strip-prefix", .string(prefix)) }

  public func summary(_ resolved: ResolvedFields) -> String {
    "strip prefix \"\(prefix)\"" + (resolved[Self.every] == nil ? "" : " from every key")
  }

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    var outcome = StepOutcome()
    for index in draft.entries.indices {
      let name = draft.entries[index].name
      // By bytes: a Character may join the prefix's last scalar with what follows it.
      guard !prefix.isEmpty, let rest = name.rest(after: prefix) else { continue }
      outcome.touched.append(name)
      draft.entries[index].name = String(rest)
    }
    if outcome.touched.isEmpty {
      let first = draft.entries.first.map { "the first key is \($0.name)" } ?? "there are no keys left"
      outcome.miss(prefix, "found no key with that prefix", remedies: [.advice(first)])
    }
    let others = draft.entries.count - outcome.touched.count
    if others == 0 {
      outcome.resolved.members.append((Self.every, true))
    } else {
      outcome.recordKeys()
      if !outcome.touched.isEmpty {
        outcome.notes.append("\(others) keys do not have the prefix and stay as they are")
      }
    }
    return outcome
  }

  /// That every key had the prefix.
  private static let every = "every"

  public func sources(of name: String, _ resolved: ResolvedFields) -> NameSources {
    if resolved[Self.every] != nil { return .one(prefix + name) }
    return resolved.sources(of: name) { key in key.rest(after: prefix).map { [String($0)] } ?? [] }
  }
}
