internal import SutureArchitectures

/// A step as the provenance of a file records it, read for what it did to names.
indirect enum RecordedStep {
  /// It left names alone: tensors that it took away are not in the file.
  case unchanged
  case addPrefix(String)
  /// From all names, or from those that had it.
  case stripPrefix(String, fromAll: Bool)
  case replicate(String)
  case rename(pattern: String, template: String)
  case naming(from: NamingScheme, to: NamingScheme, hasClassifier: Bool)
  /// Tensors that fit became another one.
  case tie([String], to: String)
  /// Tensors that fit got new elements, or were made of several.
  case made(patterns: [String])
  case joined(templates: [String])
  /// It was done where there was something to do it to.
  case optional(RecordedStep)
  /// What it did to names is not known.
  case unknown

  private static let optionalEnd = ", if there is any"
  private static let vainEnd = ", if there is any: there was none"
  private static let allEnd = " from every key"
  /// First words of steps that change elements or take tensors away, but no name.
  private static let harmless = [
    "drop", "keep", "dtype", "keep-dtype", "metadata", "sparse", "key", "cast", "transpose", "permute",
    "reshape", "slice", "adapt input", "fuse batch norm", "fold normalization", "average with", "untie",
    "take the EMA", "strip the optimizer",
  ]

  /// - Parameter text: what ``Step/summary`` and the commands write.
  init(_ text: String) {
    self =
      text.hasSuffix(Self.vainEnd)
      ? .unchanged
      : text.hasSuffix(Self.optionalEnd)
        ? .optional(Self.read(String(text.dropLast(Self.optionalEnd.count)))) : Self.read(text)
  }

  private static func read(_ text: String) -> RecordedStep {
    func begins(_ words: String) -> Bool { text == words || text.hasPrefix(words + " ") }
    let quoted = quoted(text)
    if begins("add prefix") { return quoted.map { .addPrefix($0) } ?? .unknown }
    if begins("strip prefix") {
      return quoted.map { .stripPrefix($0, fromAll: text.hasSuffix(allEnd)) } ?? .unknown
    }
    if begins("replicate under") { return quoted.map { .replicate($0) } ?? .unknown }
    if begins("rename") {
      return pair(quoted).map { .rename(pattern: $0, template: $1) } ?? .unknown
    }
    if begins("tie") {
      return pair(quoted).map { .tie(list($0), to: $1) } ?? .unknown
    }
    if begins("fill") {
      let parts = split(text, at: "\" with ")
      return parts.count == 2 ? .made(patterns: list(String(parts[0].dropFirst("fill \"".count)))) : .unknown
    }
    if begins("concat") || begins("stack") || begins("split") {
      return pair(quoted).map { .joined(templates: list($1)) } ?? .unknown
    }
    if begins("naming") { return naming(text.split(separator: " ").map(String.init)) }
    return harmless.contains(where: begins) ? .unchanged : .unknown
  }

  private static func naming(_ words: [String]) -> RecordedStep {
    guard words.count >= 4, words[2] == "to", let from = NamingScheme(rawValue: words[1]),
      let to = NamingScheme(rawValue: words[3])
    else { return .unknown }
    return .naming(from: from, to: to, hasClassifier: words.dropFirst(4) == ["with", "classifier"])
  }

  /// What stands between the first quote and the last.
  private static func quoted(_ text: String) -> String? {
    guard let first = text.firstIndex(of: "\""), let last = text.lastIndex(of: "\""), first < last else {
      return nil
    }
    return String(text[text.index(after: first)..<last])
  }

  /// The two sides of `a" to "b`: a quote in a pattern is written as it is, so two such places are one too many.
  private static func pair(_ quoted: String?) -> (String, String)? {
    let parts = split(quoted ?? "", at: "\" to \"")
    return parts.count == 2 ? (parts[0], parts[1]) : nil
  }

  /// The parts of `a", "b`.
  private static func list(_ quoted: String) -> [String] { split(quoted, at: "\", \"") }

  private static func split(_ text: String, at separator: String) -> [String] {
    var parts: [String] = []
    var rest = text[...]
    while let range = rest.firstRange(of: separator) {
      parts.append(String(rest[..<range.lowerBound]))
      rest = rest[range.upperBound...]
    }
    return parts + [String(rest)]
  }
}
