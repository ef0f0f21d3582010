internal import SutureBytes
internal import SutureJSON
internal import SutureTensors
internal import SutureText

/// Puts the tensors of another checkpoint in the place of those of the same names; see ``Graft``.
public struct GraftFrom: Step {
  let part: String
  let options: Graft.Options

  /// - Parameter part: a checkpoint by what ``Inputs/checkpoint`` knows it by; the command's are paths.
  public init(_ part: String, _ options: Graft.Options = Graft.Options()) {
    (self.part, self.options) = (Address.concealed(part), options)
  }

  public static let schema = StepSchema(
    "graft", .files, "Put the tensors of FILE in the place of those of the same names.",
    operand: .operand(.file, "FILE"),
    fields: [
      .optional("unexpected", .choice(Graft.Unexpected.allCases.map(\.rawValue)), "WHAT"),
      .optional("exclude", .patterns, "PATTERN"), .optional("allow-missing", .patterns, "PATTERN"),
      .optional("expect", .integer, "N"), .optional(byOrderKey, .flag, ""),
    ],
    variants: [
      .init(
        "graft-by-order", "The same by position: the first tensor of FILE to the first.", flags: [byOrderKey])
    ], example: #"{graft: "backbone.pth", unexpected: drop}"#,
    on: "fc.weight [10,64] fc.bias [10]")

  private static let byOrderKey = "by-order"

  public init(_ record: StepRecord) throws {
    var options = Graft.Options()
    options.unexpected = try record["unexpected"]?.choice(Graft.Unexpected.self) ?? .error
    options.excluded = try record.strings("exclude")
    options.allowedMissing = try record.strings("allow-missing")
    options.expected = try record["expect"].map { value in
      let count = try value.integer()
      if count < 0 { throw value.error("a count is not negative") }
      return count
    }
    options.byOrder = try record[Self.byOrderKey]?.bool() ?? false
    self.init(try record.operand.string(), options)
  }

  public var record: StepRecord {
    var fields: [(key: String, value: JSONValue)] = []
    if options.unexpected != .error { fields.append(("unexpected", .string(options.unexpected.rawValue))) }
    if !options.excluded.isEmpty { fields.append(("exclude", .strings(options.excluded))) }
    if !options.allowedMissing.isEmpty { fields.append(("allow-missing", .strings(options.allowedMissing))) }
    if let expected = options.expected { fields.append(("expect", .integer(expected))) }
    if options.byOrder { fields.append((Self.byOrderKey, .bool(true))) }
    return StepRecord("graft", .string(part), fields)
  }

  public func summary(_: ResolvedFields) -> String { "graft \"\(part)\"" }

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    let other = try draft.checkpoint(part)
    let graft = try Graft(allowingUnmatched: other, onto: try draft.stateDict(), options)
    let taken = graft.replaced + (options.unexpected == .add ? graft.unexpected : [])
    var outcome = StepOutcome(touched: taken)
    let origins = draft.entries
    draft.entries = graft.output.entries.enumerated().map { place, entry in
      guard graft.isTaken[place] else { return origins[place] }
      if place < origins.count { outcome.replaced += origins[place].origins }
      return Draft.Entry(name: entry.name, origins: [], tensor: entry.tensor)
    }
    for pattern in graft.unmatched {
      outcome.miss(
        pattern, "found no key of the part that fits \"\(pattern)\", which is excluded",
        remedies: Suggestion.remedies(for: pattern, among: other.names))
    }
    outcome.notes += graft.idleChoices + graft.untied.map(\.sentence)
    outcome.notes.append("\(graft.stayed.count) stay as they are in the base")
    if !graft.unexpected.isEmpty {
      let verb = options.unexpected == .add ? "added" : "left out"
      outcome.notes.append("\(verb), since the base has no such key: \(graft.unexpected.summary)")
    }
    outcome.recordKeys()
    outcome.resolved.members += Self.pairs(graft)
    return outcome
  }

  /// Who got whose elements, for the way back.
  private static func pairs(_ graft: Graft) -> [(key: String, value: JSONValue)] {
    if graft.pairs.isEmpty { return [] }
    return [(pairsKey, .object(graft.pairs.map { ($0.key, .string($0.part)) }))]
  }

  private static let pairsKey = "pairs"

  /// The record of a graft that was done without a plan.
  public static func record(_ graft: Graft, of part: String, _ options: Graft.Options) -> StepRecord {
    var record = GraftFrom(part, options).record
    record.resolved.set(
      ResolvedFields.keys, names: graft.replaced + (options.unexpected == .add ? graft.unexpected : []))
    record.resolved.members += pairs(graft)
    return record
  }

  public func sources(of name: String, _ resolved: ResolvedFields) -> NameSources {
    guard let keys = resolved.names(ResolvedFields.keys) else { return .unknown }
    let isTaken = keys.contains { ExactString($0) == ExactString(name) }
    if !isTaken { return .one(name) }
    var theirs = name
    if options.byOrder {
      let pair = resolved[Self.pairsKey]?.members?.first { ExactString($0.key) == ExactString(name) }
      guard let pair = pair?.value.stringValue else { return .unknown }
      theirs = pair
    }
    return .all([], and: [.init(file: part, name: theirs)])
  }
}

extension Graft.Untied {
  /// What became of a tied tensor, in a sentence.
  package var sentence: String {
    "\(others.summary) \(others.count == 1 ? "was" : "were") one tensor with \(names.summary) in the base, and "
      + "\(others.count == 1 ? "has" : "have") other elements now: a model that ties them loads the last"
  }
}
