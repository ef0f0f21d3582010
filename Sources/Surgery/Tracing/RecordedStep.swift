/// A step as the provenance of a file records it, read for what it did to names.
enum RecordedStep {
  /// It left names alone: tensors that it took away are not in the file.
  case unchanged
  case addPrefix(String)
  case stripPrefix(String)
  case replicate(String)
  case rename(pattern: String, template: String)
  case naming(from: NamingScheme, to: NamingScheme, hasClassifier: Bool)
  /// What it did to names is not known.
  case unknown

  /// - Parameter text: what ``Step/summary`` and the commands write.
  init(_ text: String) {
    let quoted = Self.quoted(text)
    let words = text.split(separator: " ").map(String.init)
    switch words.first ?? "" {
    case "drop", "keep", "dtype", "keep-dtype", "metadata", "sparse", "key": self = .unchanged
    case "add":
      self = words.dropFirst().first == "prefix" ? quoted.map { .addPrefix($0) } ?? .unknown : .unknown
    case "strip":
      self = words.dropFirst().first == "prefix" ? quoted.map { .stripPrefix($0) } ?? .unknown : .unknown
    case "replicate": self = quoted.map { .replicate($0) } ?? .unknown
    case "rename":
      // A quote in a pattern is written as it is, so two places where it could end are one too many.
      let parts = Self.split(quoted ?? "", at: "\" to \"")
      self = parts.count == 2 ? .rename(pattern: parts[0], template: parts[1]) : .unknown
    case "naming":
      guard words.count >= 4, words[2] == "to", let from = NamingScheme(rawValue: words[1]),
        let to = NamingScheme(rawValue: words[3])
      else {
        self = .unknown
        return
      }
      self = .naming(from: from, to: to, hasClassifier: words.dropFirst(4) == ["with", "classifier"])
    default: self = .unknown
    }
  }

  /// What stands between the first quote and the last.
  private static func quoted(_ text: String) -> String? {
    guard let first = text.firstIndex(of: "\""), let last = text.lastIndex(of: "\""), first < last else {
      return nil
    }
    return String(text[text.index(after: first)..<last])
  }

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
