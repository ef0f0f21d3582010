internal import SutureArchitectures
public import SutureText

/// What a pattern that fits nothing was plainly meant to be, or else what there is.
///
/// Whoever takes a guess trusts it with their weights. So there is one only where nothing but a letter's case, what
/// stands before every key, or the rest of a module's name is missing, and it says how many keys it fits.
enum Suggestion {
  static func remedies(for text: String, among names: [String]) -> [Remedy] {
    [.advice(guess(for: text, among: names) ?? fact(about: text, among: names))]
  }

  /// - Parameter entries: their shapes help to tell whose names they are.
  static func remedies(for text: String, among entries: [(name: String, shape: [Int])]) -> [Remedy] {
    let names = entries.map(\.name)
    if let guess = guess(for: text, among: names) { return [.advice(guess)] }
    return [otherLibrary(text, entries), fact(about: text, among: names)].compactMap(\.self).map {
      .advice($0)
    }
  }

  // MARK: Guesses

  private static func guess(for text: String, among names: [String]) -> String? {
    for candidate in candidates(for: text, among: names) where candidate != text {
      guard let pattern = try? Pattern(candidate) else { continue }
      let found = names.filter { pattern.matches($0) }
      if found.isEmpty { continue }
      let count = found.count > 2 ? "\(found.count) keys: " : ""
      return "did you mean \"\(candidate)\"? it matches \(count)\(found.summary)"
    }
    return nil
  }

  private static func candidates(for text: String, among names: [String]) -> [String] {
    guard let pieces = try? Pattern(text).pieces, let last = pieces.last else { return [] }
    let lower = lowercased(pieces)
    var candidates = [lower]
    if case .literal(let scalar) = last {
      let rest: [PatternSyntax.Piece] = scalar == "." ? [.any] : [.literal("."), .any]
      candidates.append(pieces + rest)
    }
    if pieces[0] != .any {
      for prefix in commonPrefixes(names) {
        let start = prefix.unicodeScalars.map { PatternSyntax.Piece.literal($0) }
        candidates += [start + pieces, lower.map { start + $0 }]
      }
    }
    return candidates.compactMap { $0.map { PatternSyntax(.pattern, $0).text } }
  }

  /// The pieces in small letters; `nil` where a set would become another.
  private static func lowercased(_ pieces: [PatternSyntax.Piece]) -> [PatternSyntax.Piece]? {
    var lower: [PatternSyntax.Piece] = []
    for piece in pieces {
      switch piece {
      case .literal(let scalar):
        lower += scalar.properties.lowercaseMapping.unicodeScalars.map { .literal($0) }
      case .choices(let choices, let written):
        lower.append(.choices(choices.map { $0.lowercased() }, written: written.lowercased()))
      case .set: return nil
      default: lower.append(piece)
      }
    }
    return lower
  }

  /// What every name begins with, up to each dot, the shortest first.
  private static func commonPrefixes(_ names: [String]) -> [String] {
    guard let first = names.first else { return [] }
    let dot = UInt8(ascii: ".")
    let common = names.dropFirst().reduce(first.utf8[...]) { common, name in
      common.prefix(zip(common, name.utf8).prefix { $0 == $1 }.count)
    }
    return common.indices.filter { common[$0] == dot }.prefix(8).map { String(Substring(common[...$0])) }
  }

  // MARK: What there is

  /// What the pattern fits under the names of another library, where these are a ConvNeXt's.
  private static func otherLibrary(_ text: String, _ entries: [(name: String, shape: [Int])]) -> String? {
    guard let pattern = try? Pattern(text), let scan = try? NamingScan(entries) else { return nil }
    for scheme in NamingScheme.allCases where scheme.library != scan.scheme.library {
      let found = scan.networks.flatMap { network in
        network.members.filter { member in
          (try? network.name(member.key, in: scheme)).map(pattern.matches) ?? false
        }.map { entries[$0.index].name }
      }
      if found.isEmpty { continue }
      return "the names are those of \(scan.scheme.library): what \(scheme.library) calls so is "
        + "\(found.summary) here"
    }
    return nil
  }

  /// The names that come nearest to a pattern, or to a whole name.
  static func fact(about text: String, among names: [String]) -> String {
    guard let first = names.first, let last = names.last else { return "there are no keys left at this step" }
    let pattern = try? Pattern(text)
    if let near = pattern?.near(names) { return "there \(near.hasPrefix("1 ") ? "is" : "are") \(near)" }
    if let pieces = pattern?.pieces, !pieces.contains(where: \.isWildcard),
      let nearest = Spelling.nearest(to: text, among: names)
    {
      // Swift's texts are equal where their normal forms are.
      return nearest == text
        ? "the key \(nearest) looks the same, and has other code points (Unicode's normal form)"
        : "the nearest key is \(nearest)"
    }
    return "the first key at this step is \(first), the last \(last)"
  }
}

extension Pattern {
  /// What this was perhaps meant to be, or what there is, where it fits none of `names`.
  public func suggestions(among names: [String]) -> [Remedy] { Suggestion.remedies(for: text, among: names) }
}
