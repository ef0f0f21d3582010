/// A scalar: its text, and what YAML makes of it.
public struct YAMLScalar: Sendable {
  /// The text, with quotes and escapes resolved.
  public let text: String

  /// False where the text is in quotes or a block (`|`, `>`), which makes it a string.
  public let isPlain: Bool

  /// What the text means, as PyYAML's SafeLoader reads it.
  ///
  /// What PyYAML makes a date of, and what it fails on, is a string here; ``surprise`` tells.
  public let resolved: YAMLValue

  /// Why a plain text is not read as people expect, and what to write instead; `nil` where it is.
  ///
  /// A schema that takes any value can refuse one that has this; the `require…` functions know when to.
  public let surprise: String?

  /// A scalar without an explicit tag.
  init(_ text: String, isPlain: Bool) {
    (self.text, self.isPlain) = (text, isPlain)
    resolved = isPlain ? PlainScalar.value(of: text) : .string(text)
    surprise = isPlain ? MisleadingScalar(text, resolved)?.sentence : nil
  }

  /// A scalar with an explicit tag; `nil` where the text is nothing of that type.
  init?(_ text: String, isPlain: Bool, tag: YAMLTag) {
    guard let value = PlainScalar.value(of: text, tag: tag) else { return nil }
    (self.text, self.isPlain, resolved, surprise) = (text, isPlain, value, nil)
  }
}
