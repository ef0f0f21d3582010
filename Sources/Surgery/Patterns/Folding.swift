internal import SutureText

/// Names on their way to be ``FoldedNames``.
///
/// Components are numbers, so that hundreds of thousands of names are compared without a text put together for each.
struct Folding {
  private struct Group {
    /// Where its components begin, and how many there are.
    let start: Int
    let count: Int
    /// Its members, the first and the last of a list.
    let first: Int32
    var last: Int32
    /// Names with characters that mean something in a pattern stay alone.
    let isFoldable: Bool
  }

  private var groups: [Group] = []
  /// The components of one group after those of another: of each the number of its choices.
  private var components: [Int32] = []
  /// For each name the next member of its group, or -1.
  private var next: [Int32]

  /// What may stand for a component, in the order in which it came; one text alone, or the numbers of several.
  private var choices: [(text: String, several: [Int32])] = []
  /// For each number that of the same choices in one order, whatever theirs is.
  private var ordered: [Int32] = []
  private var numbers: [[Int32]: Int32] = [:]

  init(_ names: [String]) {
    next = [Int32](repeating: -1, count: names.count)
    groups.reserveCapacity(names.count)
    var texts = NameIndex()
    for (index, name) in names.enumerated() {
      let start = components.count
      var isFoldable = true
      for part in name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
        isFoldable = isFoldable && !part.isEmpty && !part.contains(where: Self.meansSomething)
        let (text, number) = (String(Substring(part)), choices.count)
        let known = texts.insert(text, at: number) { choices[$0].text }
        if known == nil { add(text, []) }
        components.append(Int32(known ?? number))
      }
      groups.append(
        Group(
          start: start, count: components.count - start, first: Int32(index), last: Int32(index),
          isFoldable: isFoldable))
    }
  }

  /// Names that differ in one component are folded, again and again, from the last component to the first.
  ///
  /// - Returns: the choices for each component, and which names they stand for, in the order in which they came.
  mutating func folded() -> [(components: [[String]], members: [Int])] {
    let longest = groups.map(\.count).max() ?? 0
    for position in (0..<longest).reversed() { fold(at: position) }
    return groups.map { group in
      let components = components[group.start..<group.start + group.count].map { texts(of: Int($0)) }
      var members: [Int] = []
      var member = Int(group.first)
      while member >= 0 {
        members.append(member)
        member = Int(next[member])
      }
      return (components, members.sorted())
    }
  }

  private mutating func fold(at position: Int) {
    var folded: [Group] = []
    folded.reserveCapacity(groups.count)
    // What else may stand at the position, for each group of `folded`.
    var others: [[Int32]] = []
    others.reserveCapacity(groups.count)
    var places = NameIndex(capacity: groups.count)
    var rest: [Int32] = []
    for group in groups {
      if position < group.count, group.isFoldable {
        self.rest(of: group, without: position, &rest)
        let place = places.insert(NameHash(rest), at: folded.count) {
          isRest(rest, of: folded[$0], without: position)
        }
        if let place {
          others[place].append(components[group.start + position])
          next[Int(folded[place].last)] = group.first
          folded[place].last = group.last
          continue
        }
      }
      folded.append(group)
      others.append([])
    }
    for (group, others) in zip(folded, others) where !others.isEmpty {
      let place = group.start + position
      components[place] = number(of: [components[place]] + others)
    }
    groups = folded
  }

  /// The components of a group but for one, whose place is -1.
  private func rest(of group: Group, without position: Int, _ rest: inout [Int32]) {
    rest.removeAll(keepingCapacity: true)
    for place in 0..<group.count {
      rest.append(place == position ? -1 : ordered[Int(components[group.start + place])])
    }
  }

  private func isRest(_ rest: [Int32], of group: Group, without position: Int) -> Bool {
    guard rest.count == group.count else { return false }
    for place in rest.indices where place != position {
      if rest[place] != ordered[Int(components[group.start + place])] { return false }
    }
    return true
  }

  /// The number of several choices.
  private mutating func number(of several: [Int32]) -> Int32 {
    if let known = numbers[several] { return known }
    let sorted = several.sorted()
    let order = sorted == several ? nil : number(of: sorted)
    let number = add("", several)
    if let order { ordered[Int(number)] = order }
    numbers[several] = number
    return number
  }

  @discardableResult
  private mutating func add(_ text: String, _ several: [Int32]) -> Int32 {
    let number = Int32(choices.count)
    choices.append((text, several))
    ordered.append(number)
    return number
  }

  private func texts(of number: Int) -> [String] {
    let (text, several) = choices[number]
    return several.isEmpty ? [text] : several.map { choices[Int($0)].text }
  }

  private static func meansSomething(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: ","), UInt8(ascii: "*"), UInt8(ascii: "?"),
      UInt8(ascii: "#"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "!"), UInt8(ascii: "\\"):
      true
    default: false
    }
  }
}
