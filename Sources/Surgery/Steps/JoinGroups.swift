internal import SutureText

/// Entries that become one: those for whose names a template gives the same name, whole and in order.
///
/// The order is that of the patterns, and in a pattern that of its wildcards, the first of which varies slowest, as a
/// template's braces do: choices as they are written, numbers as they count, whatever stands for them, and other texts
/// as the file has them. A choice that is written twice is there twice. What a group lacks of a pattern, of its
/// choices, of numbers in a row or of what the other groups have is no smaller group, but refused; so is a number that
/// is there twice, as 1 and 01.
struct JoinGroups {
  struct Group {
    let name: String
    /// Places among the names.
    let members: [Int]
    /// Whether nothing but the file tells the order of some.
    let isOrderedByFile: Bool
  }

  let groups: [Group]
  /// Choices that stand in the new names and fit nothing.
  let idle: [String]

  /// - Throws: ``PatternError`` where a pattern or the template cannot be read, or gives several names; ``SurgeryError``
  ///   where a group is not whole.
  init(_ texts: [String], to text: String, _ names: [String]) throws {
    let template = try Template(text, one: "names for what is to be one")
    let patterns = try texts.map { try JoinPattern($0, template) }
    var found: [(group: ExactString, member: Member)] = []
    var ranks: [ExactString: Int] = [:]
    for (place, name) in names.enumerated() {
      // The first pattern that fits takes a name, and so does the same one where it is written again.
      guard
        let (first, match) = patterns.firstIndexed({ $0.pattern.match(name) })
      else { continue }
      let group = ExactString(try template.names(for: name, captures: match.captures)[0])
      for index in patterns.indices where ExactString(texts[index]) == ExactString(texts[first]) {
        for parts in patterns[index].parts(of: name, match, &ranks) {
          found.append(
            (group, Member(place: place, pattern: index, captures: match.captures, parts: parts)))
        }
      }
    }
    let grouped = found.grouped(by: \.group).map { group in
      (name: group.key.string, members: group.members.map(\.member).sorted())
    }
    try Wholeness(patterns, texts, names).require(grouped)
    groups = grouped.map { name, members in
      Group(
        name: name, members: members.map(\.place),
        isOrderedByFile: zip(members, members.dropFirst()).contains { $0.isBeforeByFile($1) })
    }
    idle = patterns.enumerated().flatMap { index, pattern in
      pattern.idleChoices(found.filter { $0.member.pattern == index }.map(\.member.captures))
    }
  }
}

// MARK: The order

/// A name in its group.
private struct Member: Comparable {
  let place: Int
  let pattern: Int
  let captures: [String]
  /// What tells it from the others, in the order in which that counts.
  let parts: [JoinPart]

  static func < (one: Self, other: Self) -> Bool {
    if one.pattern != other.pattern { return one.pattern < other.pattern }
    if one.parts != other.parts { return one.parts.lexicographicallyPrecedes(other.parts) }
    return one.place < other.place
  }

  func isBeforeByFile(_ next: Self) -> Bool {
    guard pattern == next.pattern, let (mine, others) = zip(parts, next.parts).first(where: { $0 != $1 })
    else { return false }
    if case .text = mine, case .text = others { return true }
    return false
  }
}

/// A run of what a wildcard stands for.
private enum JoinPart: Hashable, Comparable {
  /// Which of the choices of a wildcard it is.
  case choice(Int, of: Int)
  /// Digits without the zeros before them, their count first: so they sort as numbers.
  case number(length: Int, digits: String, zeros: Int)
  /// Any other text, by its first appearance in the file.
  case text(Int)

  /// Whether both are one number, whatever zeros stand before it.
  func isNumber(_ other: Self) -> Bool {
    guard case .number(_, let mine, _) = self, case .number(_, let others, _) = other else { return false }
    return mine == others
  }
}

// MARK: Patterns

private struct JoinPattern {
  let pattern: Pattern
  let template: Template
  /// The choices of each wildcard that is in braces.
  let choices: [Int: [String]]

  init(_ text: String, _ template: Template) throws(PatternError) {
    (pattern, self.template) = (try Pattern(text), template)
    choices = (pattern.pieces ?? []).filter(\.isWildcard).enumerated().reduce(into: [:]) { choices, piece in
      if case .choices(let texts, _) = piece.element { choices[piece.offset] = texts }
    }
  }

  /// What tells a name from the others of its group: once, or several times where choices of it are written again.
  func parts(
    of name: String, _ match: (alternative: Int, captures: [String]), _ ranks: inout [ExactString: Int]
  ) -> [[JoinPart]] {
    guard let pieces = pattern.pieces else {
      return [Self.runs(pattern.rest(of: name, without: template.holds), &ranks)]
    }
    var all: [[JoinPart]] = [[]]
    // A number may be shared among neighbours: [0-9]* has 12 as 1 and 2.
    var (text, wildcard) = ("", 0)
    func flush() {
      let runs = Self.runs(text, &ranks)
      all = all.map { $0 + runs }
      text = ""
    }
    for piece in pieces {
      guard piece.isWildcard else {
        flush()
        continue
      }
      defer { wildcard += 1 }
      if template.holds(wildcard) {
        flush()
      } else if let choices = choices[wildcard] {
        flush()
        let made = ExactString(match.captures[wildcard])
        let places = choices.indices.filter { ExactString(choices[$0]) == made }
        all = all.flatMap { parts in places.map { parts + [.choice($0, of: wildcard)] } }
      } else {
        text += match.captures[wildcard]
      }
    }
    flush()
    return all
  }

  /// A text as its numbers and what stands between them.
  private static func runs(_ text: String, _ ranks: inout [ExactString: Int]) -> [JoinPart] {
    let isDigit = { (scalar: Unicode.Scalar) in ("0"..."9").contains(scalar) }
    var (parts, rest) = ([JoinPart](), text.unicodeScalars[...])
    while let first = rest.first {
      let run = rest.prefix { isDigit($0) == isDigit(first) }
      rest = rest[run.endIndex...]
      if isDigit(first) {
        let digits = run.drop { $0 == "0" }
        parts.append(
          .number(length: digits.count, digits: String(digits), zeros: run.count - digits.count))
      } else {
        let text = ExactString(String(run))
        let rank = ranks[text] ?? ranks.count
        ranks[text] = rank
        parts.append(.text(rank))
      }
    }
    return parts
  }

  /// Choices that the new names tell, and that none of the names made.
  func idleChoices(_ captures: [[String]]) -> [String] {
    choices.sorted { $0.key < $1.key }.flatMap { wildcard, choices -> [String] in
      if !template.holds(wildcard) { return [] }
      let made = Set(captures.map { ExactString($0[wildcard]) })
      return choices.filter { !made.contains(ExactString($0)) }
    }
  }
}

extension Array {
  /// The first element for which there is a value, by its place, with the value.
  fileprivate func firstIndexed<Value>(_ value: (Element) -> Value?) -> (Int, Value)? {
    for (index, element) in enumerated() {
      if let value = value(element) { return (index, value) }
    }
    return nil
  }
}

// MARK: Whole groups

/// Finds what groups lack.
private struct Wholeness {
  typealias Groups = [(name: String, members: [Member])]

  let patterns: [JoinPattern]
  let texts: [String]
  let names: [String]

  init(_ patterns: [JoinPattern], _ texts: [String], _ names: [String]) {
    (self.patterns, self.texts, self.names) = (patterns, texts, names)
  }

  func require(_ groups: Groups) throws(SurgeryError) {
    if groups.isEmpty { return }
    let lacking = groups.flatMap { group in
      patterns.indices.flatMap { index in
        lacks(group.name, group.members.filter { $0.pattern == index }, index)
      }
    }
    let all = lacking.isEmpty ? unequal(groups) : lacking
    if all.isEmpty { return }
    let more = all.count > 3 ? ["and \(all.count - 3) more"] : []
    throw SurgeryError(
      .impossible, "would join otherwise than is written",
      remedies: (all.prefix(3) + more).map { Remedy.advice($0) } + [
        "a pattern of its own joins what is whole; braces say which choices or numbers there are"
      ])
  }

  /// What a group lacks of a pattern, of choices, and of numbers in a row.
  private func lacks(_ group: String, _ members: [Member], _ index: Int) -> [String] {
    if members.isEmpty {
      return ["\(group) has no part that fits \"\(texts[index])\" and no pattern before it"]
    }
    var lacks: [String] = []
    for position in 0..<(members.map(\.parts.count).max() ?? 0) {
      // Those that differ in nothing else.
      let lines = members.filter { $0.parts.count > position }.grouped { member in
        Array(member.parts[..<position]) + [.choice(-1, of: -1)] + member.parts[(position + 1)...]
      }
      for line in lines { lacks += self.lacks(group, line.members, position, index) }
    }
    return lacks
  }

  private func lacks(_ group: String, _ line: [Member], _ position: Int, _ index: Int) -> [String] {
    var made: [Int: Set<Int>] = [:]
    for member in line {
      if case .choice(let choice, let wildcard) = member.parts[position] {
        made[wildcard, default: []].insert(choice)
      }
    }
    let missing = made.flatMap { wildcard, made in
      (patterns[index].choices[wildcard] ?? []).enumerated().filter { !made.contains($0.offset) }.map {
        choice in
        var captures = line[0].captures
        captures[wildcard] = choice.element
        return "\(group) needs \(name(captures, index)), which is not there"
      }
    }
    let numbers = line.compactMap { member -> (member: Member, number: Int)? in
      guard case .number(_, let digits, _) = member.parts[position] else { return nil }
      return digits.isEmpty ? (member, 0) : Int(digits).map { (member, $0) }
    }
    let gaps = zip(numbers, numbers.dropFirst()).filter {
      $1.number.subtractingReportingOverflow($0.number).0 > 1
    }
    // Zeros before a number tell names apart, and no order.
    let repeated = zip(line, line.dropFirst()).filter { $1.parts[position].isNumber($0.parts[position]) }
    return missing
      + gaps.map { before, after in
        "\(group) has nothing between \(names[before.member.place]) and \(names[after.member.place])"
      }
      + repeated.map { one, other in
        "\(group) has one number twice, in \(names[one.place]) and \(names[other.place])"
      }
  }

  /// What one group has and another lacks.
  private func unequal(_ groups: Groups) -> [String] {
    if groups.count < 2 { return [] }
    return patterns.indices.flatMap { index -> [String] in
      var models: [[JoinPart]: Member] = [:]
      let mine = groups.map { $0.members.filter { $0.pattern == index } }
      for member in mine.joined() where models[member.parts] == nil { models[member.parts] = member }
      return zip(groups, mine).flatMap { group, members -> [String] in
        let own = Set(members.map(\.parts))
        return models.filter { !own.contains($0.key) }.values.sorted().map { model in
          lack(group.name, members[0], like: model, index)
        }
      }
    }
  }

  private func lack(_ group: String, _ own: Member, like model: Member, _ index: Int) -> String {
    if patterns[index].pattern.pieces == nil {
      return "\(group) lacks what another has in \(names[model.place])"
    }
    let captures = own.captures.indices.map { wildcard in
      patterns[index].template.holds(wildcard) ? own.captures[wildcard] : model.captures[wildcard]
    }
    return "\(group) needs \(name(captures, index)), which is not there, as another has \(names[model.place])"
  }

  private func name(_ captures: [String], _ index: Int) -> String {
    patterns[index].pattern.name(captures) ?? ""
  }
}
