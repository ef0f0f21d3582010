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
      guard let near = try Pattern(text).near(rest) else { continue }
      notes.append("\(verb) \(near)")
    }
    return notes
  }
}

extension Pattern {
  /// Those of the names that contain the text of the pattern without fitting it: `2 keys that contain "norm" but do not
  /// start with it, such as a.norm`; `nil` where none does.
  func near(_ names: [String]) -> String? {
    guard let (literal, misses) = literal else { return nil }
    // By bytes, as it fits.
    let near = names.filter { $0.contains(bytesOf: literal) }
    if near.isEmpty { return nil }
    let keys = near.count == 1 ? "1 key that contains" : "\(near.count) keys that contain"
    let but = near.count == 1 ? misses.one : misses.many
    return "\(keys) \"\(literal)\" but \(but), such as \(near[0])"
  }

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
