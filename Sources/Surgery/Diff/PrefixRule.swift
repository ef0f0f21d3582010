internal import SutureText

/// One prefix that became another.
struct PrefixRule: Hashable {
  let from: String
  let to: String

  /// What is left of two names without the components that both end in; `nil` where there are none.
  init?(from name: String, to other: String) {
    let dot = UInt8(ascii: ".")
    let (one, two) = (
      name.utf8.split(separator: dot, omittingEmptySubsequences: false),
      other.utf8.split(separator: dot, omittingEmptySubsequences: false)
    )
    let common = zip(one.reversed(), two.reversed()).prefix { $0.elementsEqual($1) }.count
    if common == 0 { return nil }
    func start(_ parts: [Substring.UTF8View]) -> String {
      parts.dropLast(common).map { String(Substring($0)) + "." }.joined()
    }
    (from, to) = (start(one.map { Substring($0).utf8 }), start(two.map { Substring($0).utf8 }))
  }

  func apply(to name: String) -> String? { name.rest(after: from).map { to + $0 } }

  /// The rules that most of the pairs follow, the most frequent first.
  static func learn(from targets: [ExactString: [String]], limit: Int) -> [PrefixRule] {
    var counts: [PrefixRule: Int] = [:]
    for (source, names) in targets {
      for name in names { PrefixRule(from: source.string, to: name).map { counts[$0, default: 0] += 1 } }
    }
    return Array(
      counts.sorted { ($1.value, $0.key.to, $0.key.from) < ($0.value, $1.key.to, $1.key.from) }.prefix(limit)
        .map(\.key))
  }
}
