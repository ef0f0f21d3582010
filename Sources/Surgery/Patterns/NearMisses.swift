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
    func isPlain(_ part: Substring) -> Bool {
      !part.isEmpty && !part.contains(where: "*#?[]{}!\\".contains) && !part.hasPrefix("re:")
    }
    if isPlain(text[...]) { return (text, ("is not all of it", "are not all of it")) }
    if text.hasSuffix("*"), isPlain(text.dropLast()) {
      return (String(text.dropLast()), ("does not start with it", "do not start with it"))
    }
    if text.hasPrefix("*"), isPlain(text.dropFirst()) {
      return (String(text.dropFirst()), ("does not end with it", "do not end with it"))
    }
    return nil
  }
}
