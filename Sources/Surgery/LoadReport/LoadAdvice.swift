internal import SutureArchitectures
public import SutureTensors
internal import SutureText

/// Changes of names with which more of a file would load.
public struct LoadAdvice: Sendable {
  /// What to do, in this order.
  public let repairs: [any Step]
  /// What the load would be then.
  public let report: LoadReport
}

extension LoadReport {
  /// The changes of names with which most of the file would load; `nil` where none does better than this report.
  ///
  /// Every proposal is tried: what is said to load does.
  public func advice(loading file: StateDict, into base: StateDict) -> LoadAdvice? {
    if missing.isEmpty { return nil }
    var best: LoadAdvice?
    /// What the steps, and then another, make of the file, where that can be done.
    func consider(_ steps: [any Step], of dict: StateDict, then step: any Step) -> StateDict? {
      guard let changed = try? Plan(of: dict, steps: [step]).output else { return nil }
      let report = LoadReport(loading: changed, into: base, recordsVersions: supplied.isEmpty)
      if report.loaded.count > (best?.report.loaded.count ?? loaded.count) {
        best = LoadAdvice(repairs: steps + [step], report: report)
      }
      return changed
    }
    var starts: [(steps: [any Step], dict: StateDict)] = [([], file)]
    if let theirs = try? NamingScan(base), let ours = try? NamingScan(file), theirs.scheme != ours.scheme,
      let named = consider([], of: file, then: AdoptNaming(theirs.scheme))
    {
      starts.append(([AdoptNaming(theirs.scheme)], named))
    }
    for (steps, dict) in starts {
      let proposals = PrefixProposals(dict, base)
      for proposal in proposals.single { _ = consider(steps, of: dict, then: proposal) }
      for (first, second) in proposals.pairs {
        guard let changed = try? Plan(of: dict, steps: [first]).output else { continue }
        _ = consider(steps + [first], of: changed, then: second)
      }
    }
    return best
  }
}

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
    let found = names.flatMap { splits($0).filter { other[$0.rest] != nil } }
    return found.grouped { ExactString($0.prefix) }.enumerated()
      .map { (prefix: $1.key.string, count: $1.members.count, place: $0) }
      .sorted { ($1.count, $0.place) < ($0.count, $1.place) }.map { ($0.prefix, $0.count) }
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
