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
    _ = try outcome.match(patterns, in: draft)
    var result = draft.entries.map { [$0] }
    for group in try EntryGroups(patterns, to: template, draft.names).groups {
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
        .init(name: group.name, origins: members.flatMap(\.origins), tensor: tensor)
      ]
    }
    draft.entries = result.flatMap(\.self)
    outcome.recordKeys()
    return outcome
  }

  public func sources(of name: String, _ resolved: ResolvedFields) -> NameSources {
    guard let keys = resolved.names(ResolvedFields.keys),
      let groups = try? EntryGroups(patterns, to: template, keys).groups
    else { return .unknown }
    let group = groups.first { ExactString($0.name) == ExactString(name) }
    return .all(group?.members.map { keys[$0] } ?? [name])
  }
}

/// Entries that become one: those for whose names a template gives the same name.
private struct EntryGroups {
  struct Group {
    let name: String
    /// Places among the names, in the order in which the patterns and their braces have them; numbers count up.
    let members: [Int]
  }

  let groups: [Group]

  /// - Throws: ``PatternError`` where a pattern or the template cannot be read, or gives several names.
  init(_ texts: [String], to text: String, _ entries: [String]) throws {
    let template = try Template(text, one: "names for what is to be one")
    var found: [(name: ExactString, member: Member)] = []
    let patterns = try texts.map { try Pattern($0) }
    for (place, entry) in entries.enumerated() {
      for (index, pattern) in patterns.enumerated() {
        guard let match = pattern.match(entry) else { continue }
        let name = ExactString(try template.names(for: entry, captures: match.captures)[0])
        let member = Member(
          pattern: index, alternative: match.alternative, captures: match.captures, place: place)
        found.append((name, member))
        break
      }
    }
    groups = found.grouped(by: \.name).map { name, members in
      Group(name: name.string, members: members.map(\.member).sorted().map(\.place))
    }
  }

  private struct Member: Comparable {
    let pattern: Int
    let alternative: Int
    let captures: [String]
    let place: Int

    static func < (one: Self, other: Self) -> Bool {
      if one.pattern != other.pattern { return one.pattern < other.pattern }
      if one.alternative != other.alternative { return one.alternative < other.alternative }
      for (a, b) in zip(one.captures, other.captures) where a != b {
        guard let (a, b) = numbers(a, b) else { break }
        return (a.count, a) < (b.count, b)
      }
      return one.place < other.place
    }

    /// Both without leading zeros, where both are numbers: as texts of one length they sort as numbers do.
    private static func numbers(_ a: String, _ b: String) -> (String, String)? {
      guard !a.isEmpty, !b.isEmpty, (a + b).utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
      let (a, b) = (a.drop { $0 == "0" }, b.drop { $0 == "0" })
      return a == b ? nil : (String(a), String(b))
    }
  }
}
