internal import SutureBytes
internal import SutureTensors
internal import SutureText

/// Prefixes that tell the names of a file from those of a model, found in the names themselves.
struct PrefixProposals {
  /// One change each, the best first.
  private(set) var single: [any Step] = []
  /// A prefix that goes, and one that comes.
  private(set) var pairs: [(any Step, any Step)] = []

  /// How many components a prefix may have, and how many prefixes are tried.
  private static let (mostParts, mostTried) = (8, 3)
  /// More replicas than this are no backbone.
  private static let mostReplicas = 64

  init(_ file: StateDict, _ base: StateDict) {
    let stripped = Self.tally(file.names, in: base)
    let added = Self.tally(base.names, in: file)
    single += stripped.prefix(Self.mostTried).map { StripPrefix($0.prefix) }
    single += added.prefix(Self.mostTried).map { AddPrefix($0.prefix) }
    if let replicas = Self.replicas(added) { single.append(Replicate(replicas)) }
    for part in ["_orig_mod.", "module."] where file.names.contains(where: { $0.contains(".\(part)") }) {
      // It stands in the middle of names.
      single.append(Rename("*.\(part)*", to: "*.*"))
    }
    let ours = Self.shared(file.names)
    let theirs = Self.shared(base.names)
    pairs = ours.flatMap { old in theirs.map { (StripPrefix(old), AddPrefix($0)) } }
  }

  /// The prefixes without which names would be names of `other`, those of most names first.
  private static func tally(_ names: [String], in other: StateDict) -> [(prefix: String, count: Int)] {
    var counts: [ExactString: Int] = [:]
    var order: [ExactString] = []
    for name in names {
      for (prefix, rest) in splits(name) where other[rest] != nil {
        let key = ExactString(prefix)
        if counts[key] == nil { order.append(key) }
        counts[key, default: 0] += 1
      }
    }
    return order.map { ($0.string, counts[$0] ?? 0) }.enumerated()
      .sorted { ($1.element.1, $0.offset) < ($0.element.1, $1.offset) }
      .map { (prefix: $0.element.0, count: $0.element.1) }
  }

  private static func splits(_ name: String) -> [(prefix: String, rest: String)] {
    var result: [(String, String)] = []
    var place = name.utf8.startIndex
    while result.count < mostParts, let dot = name.utf8[place...].firstIndex(of: UInt8(ascii: ".")) {
      place = name.utf8.index(after: dot)
      result.append((String(name[..<place]), String(name[place...])))
    }
    return result
  }

  /// Several prefixes under which the model has the same names: what ``Replicate`` makes.
  private static func replicas(_ added: [(prefix: String, count: Int)]) -> String? {
    guard let most = added.first?.count else { return nil }
    let prefixes = added.prefix { $0.count == most }.map { String($0.prefix.dropLast()) }
    guard (2...mostReplicas).contains(prefixes.count) else { return nil }
    let folds = FoldedNames.fold(prefixes)
    return folds.count == 1 ? folds[0].pattern + "." : nil
  }

  /// The prefixes that all names have.
  private static func shared(_ names: [String]) -> [String] {
    guard let first = names.first else { return [] }
    return splits(first).prefix(mostTried).map(\.prefix).filter { prefix in
      names.allSatisfy { $0.utf8.starts(with: prefix.utf8) }
    }
  }
}
