internal import SutureText

/// Names that a pattern nearly fits: `norm*` and `*norm*` are easily confused.
enum NearMisses {
  /// Says which of `rest` contain the text of a pattern without fitting it.
  ///
  /// - Parameters:
  ///   - rest: the names that no pattern fits.
  ///   - verb: what became of them: "kept".
  static func notes(for texts: [String], among rest: [String], verb: String) throws -> [String] {
    var notes: [String] = []
    for text in texts {
      guard let (literal, misses) = try Pattern(text).literal else { continue }
      let near = rest.filter { $0.contains(literal) }
      if near.isEmpty { continue }
      let keys = near.count == 1 ? "1 key that contains" : "\(near.count) keys that contain"
      let but = near.count == 1 ? misses.one : misses.many
      notes.append("\(verb) \(keys) \"\(literal)\" but \(but), such as \(near[0])")
    }
    return notes
  }
}

extension Pattern {
  /// The only literal text of a pattern, and what a name that contains it elsewhere does not do.
  ///
  /// `norm` of `norm*`, `*norm` and `norm`; `nil` for what is not as simple.
  var literal: (text: String, misses: (one: String, many: String))? {
    guard let syntax = try? PatternSyntax(text, as: .pattern), !text.hasPrefix("!"), !text.hasPrefix("re:")
    else { return nil }
    func literal(_ pieces: some Collection<PatternSyntax.Piece>) -> String? {
      var text = ""
      for piece in pieces {
        guard case .literal(let scalar) = piece else { return nil }
        text.unicodeScalars.append(scalar)
      }
      return text.isEmpty ? nil : text
    }
    let pieces = syntax.pieces
    if let text = literal(pieces) { return (text, ("is not all of it", "are not all of it")) }
    if pieces.last == .any, let text = literal(pieces.dropLast()) {
      return (text, ("does not start with it", "do not start with it"))
    }
    if pieces.first == .any, let text = literal(pieces.dropFirst()) {
      return (text, ("does not end with it", "do not end with it"))
    }
    return nil
  }
}

/// What a pattern that fits nothing was perhaps meant to be.
enum Suggestion {
  static func remedies(for text: String, among names: [String]) -> [Remedy] {
    hints(for: text, among: names).map { .advice($0) }
  }

  static func hints(for text: String, among names: [String]) -> [String] {
    let lower = text.lowercased()
    for candidate in [lower, "*\(text)*", "*\(lower)*", "\(text)*", "*\(text)"] where candidate != text {
      guard let pattern = try? Pattern(candidate) else { continue }
      let found = names.filter { pattern.matches($0) }
      if !found.isEmpty { return ["did you mean \"\(candidate)\"? it matches \(found.summary)"] }
    }
    guard let first = names.first else { return ["there are no keys left at this step"] }
    return ["the first key at this step is \(first), the last \(names[names.count - 1])"]
  }
}

extension Pattern {
  /// What this was perhaps meant to be, where it fits none of `names`.
  public func suggestions(among names: [String]) -> [String] { Suggestion.hints(for: text, among: names) }
}
