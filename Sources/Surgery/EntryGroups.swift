/// Entries that become one: those for whose names a template gives the same name.
struct EntryGroups {
  struct Group {
    let name: String
    /// Places in the draft, in the order in which the patterns and their braces have them; numbers count up.
    let members: [Int]
  }

  let groups: [Group]

  /// - Throws: ``PatternError`` where a pattern or the template cannot be read, or gives several names.
  init(_ texts: [String], to text: String, _ draft: Draft) throws {
    let template = try Template(text)
    guard template.count == 1 else {
      throw PatternError(text, column: 1, "it gives \(template.count) names for what is to be one")
    }
    var found: [String: [Member]] = [:]
    var names: [String] = []
    let patterns = try texts.map { try Pattern($0) }
    for (place, entry) in draft.entries.enumerated() {
      for (index, pattern) in patterns.enumerated() {
        guard let match = pattern.match(entry.name) else { continue }
        let name = try template.names(for: entry.name, captures: match.captures)[0]
        if found[name] == nil { names.append(name) }
        found[name, default: []].append(
          Member(pattern: index, alternative: match.alternative, captures: match.captures, place: place))
        break
      }
    }
    groups = names.map { name in Group(name: name, members: (found[name] ?? []).sorted().map(\.place)) }
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

extension Draft {
  /// Puts one entry in the place of the first of several.
  ///
  /// - Parameter merged: for each group the places of its members and what they become.
  mutating func replace(_ merged: [(members: [Int], entry: Entry)]) {
    var result: [Int: Entry] = [:]
    var gone: Set<Int> = []
    for (members, entry) in merged {
      guard let first = members.min() else { continue }
      result[first] = entry
      gone.formUnion(members)
    }
    entries = entries.indices.compactMap { result[$0] ?? (gone.contains($0) ? nil : entries[$0]) }
  }
}
