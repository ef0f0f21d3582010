internal import SutureJSON
internal import SutureTensors
internal import SutureText

/// A step that makes one tensor of several, along an axis.
protocol JoiningStep: Step {
  var patterns: [String] { get }
  var template: String { get }
  var axis: Int { get }

  init(_ patterns: [String], to template: String, axis: Int)
}

extension JoiningStep {
  static var fields: [StepField] {
    [.required("to", .template, "NAME", after: "="), .optional("axis", .integer, "AXIS", after: "@")]
  }

  public init(_ record: StepRecord) throws {
    self.init(
      try record.operand.strings(), to: try record.require("to").string(),
      axis: try record.integer("axis", default: 0))
  }

  public var record: StepRecord {
    StepRecord(
      Self.schema.verb, .strings(patterns),
      [("to", .string(template))] + (axis == 0 ? [] : [("axis", .integer(axis))]))
  }

  public func summary(_: ResolvedFields) -> String {
    "\(Self.schema.verb) \(quoted(patterns)) to \"\(template)\" along axis \(axis)"
  }

  /// Makes one tensor of each group of them, which have one dtype.
  func join(_ draft: inout Draft, _ make: ([Draft.Entry]) throws -> Tensor) throws -> StepOutcome {
    var outcome = StepOutcome()
    let hits = try outcome.match(patterns, in: draft)
    // What is joined of a part of it would be shorter, so here no pattern is passed over alone.
    if hits.contains(true), let refusal = outcome.refusal(in: draft) { throw refusal }
    let groups = try JoinGroups(patterns, to: template, draft.names)
    for choice in groups.idle { outcome.miss(choice, "matched no keys with \"\(choice)\"", remedies: []) }
    if let loose = groups.groups.first(where: \.isOrderedByFile) {
      outcome.notes.append(
        "the parts of \"\(loose.name)\" stand as in the file, \(loose.members.map { draft.names[$0] }.summary): "
          + "braces would give them an order")
    }
    var result = draft.entries.map { [$0] }
    for group in groups.groups {
      let members = group.members.map { draft.entries[$0] }
      for entry in members {
        try entry.requirePlain()
        if entry.tensor.dtype != members[0].tensor.dtype {
          throw entry.doesNotFit(
            "it is \(entry.tensor.dtype), but \(members[0].name) is \(members[0].tensor.dtype)",
            remedies: ["cast gives them one dtype"])
        }
      }
      if members.count == 1 {
        outcome.notes.append("\"\(group.name)\" is made of \(members[0].name) alone")
      }
      let tensor = try members[0].fitting { try make(members) }
      // It stands in the place of the first of them.
      for place in group.members { result[place] = [] }
      result[group.members.min() ?? 0] = [
        .init(name: group.name, origins: distinct(members.flatMap(\.origins)), tensor: tensor)
      ]
    }
    draft.entries = result.flatMap(\.self)
    outcome.recordKeys()
    return outcome
  }

  public func sources(of name: String, _ resolved: ResolvedFields) -> NameSources {
    guard let keys = resolved.names(ResolvedFields.keys),
      let groups = try? JoinGroups(patterns, to: template, keys).groups
    else { return .unknown }
    let group = groups.first { ExactString($0.name) == ExactString(name) }
    return .all(group.map { distinct($0.members.map { keys[$0] }) } ?? [name])
  }

  /// Each name once: a part that is joined twice is one origin.
  private func distinct(_ names: [String]) -> [String] {
    var seen: Set<ExactString> = []
    return names.filter { seen.insert(ExactString($0)).inserted }
  }
}
