internal import SutureBytes
internal import SutureJSON
internal import SutureYAML

/// Takes a prefix from every name that has it.
public struct StripPrefix: Step {
  let prefix: String

  public init(_ prefix: String) { self.prefix = prefix }

  public var summary: String { "strip prefix \"\(prefix)\"" }

  public func apply(to draft: inout Draft) throws -> Int {
    for index in draft.entries.indices {
      // By bytes: a Character may join the prefix's last scalar with what follows it.
      let name = draft.entries[index].name.utf8
      guard !prefix.isEmpty, name.starts(with: prefix.utf8) else { continue }
      guard let rest = String(name.dropFirst(prefix.utf8.count)) else { continue }
      draft.touched.append(draft.entries[index].name)
      draft.entries[index].name = rest
    }
    let touched = draft.touched.count
    if touched == 0 {
      let first = draft.entries.first.map { "the first key is \($0.name)" } ?? "there are no keys left"
      throw StepFailure(kind: .noMatch, reason: "found no key with that prefix", hints: [first])
    }
    if touched < draft.entries.count {
      draft.notes.append("\(draft.entries.count - touched) keys do not have the prefix and stay as they are")
    } else {
      draft.resolvedSummary = "\(summary) from every key"
    }
    return touched
  }
}

extension StripPrefix: RecipeStep {
  static let verb = "strip-prefix"
  init(_ fields: StepFields) throws(YAMLError) { self.init(try fields.operand.requireString()) }
  var operand: JSONValue { .string(prefix) }
}
