internal import SutureText

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
