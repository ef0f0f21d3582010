/// What a plain scalar means in YAML 1.1, by the expressions of PyYAML's `resolver.py`.
enum PlainScalar {
  static let trueWords: Set = ["yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"]
  static let falseWords: Set = ["no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"]
  static let nullWords: Set = ["", "~", "null", "Null", "NULL"]

  /// The value of a plain scalar without a tag.
  static func value(of text: String) -> YAMLValue {
    // Most scalars are names.
    guard let first = text.utf8.first else { return .null }
    switch first {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
      return float(text).map { .float($0) } ?? integer(text) ?? .string(text)
    default: return word(text) ?? .string(text)
    }
  }

  /// The value of a scalar whose tag says what it is; `nil` where it is not that.
  static func value(of text: String, tag: YAMLTag) -> YAMLValue? {
    switch tag {
    case .string: return .string(text)
    case .int: return integer(text)
    case .float: return (float(text) ?? pythonFloat(text)).map { .float($0) }
    case .bool: return word(text.lowercased()).flatMap { if case .bool = $0 { $0 } else { nil } }
    case .null: return nullWords.contains(text) ? .null : nil
    case .sequence, .mapping: return nil
    }
  }

  private static func word(_ text: String) -> YAMLValue? {
    // No word is longer, and a long text need not be hashed.
    if text.utf8.count > 5 { return nil }
    if trueWords.contains(text) { return .bool(true) }
    if falseWords.contains(text) { return .bool(false) }
    return nullWords.contains(text) ? .null : nil
  }
}
