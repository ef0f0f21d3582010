/// A number as JSON spells it, so that none loses digits by being read.
public struct JSONNumber: Hashable, Sendable, CustomStringConvertible {
  /// The number's text, which RFC 8259 allows.
  public let text: String

  /// A number that the parser has checked.
  init(checked text: String) { self.text = text }

  /// The shortest text that reads back as `value`; `nil` where it is infinite or not a number.
  public init?(_ value: Double) {
    guard value.isFinite else { return nil }
    text = value.description
  }

  /// A whole number, which may be larger than 64 bits with a sign hold.
  public init(_ value: UInt64) { text = value.description }

  /// The nearest double.
  ///
  /// A number beyond the largest double is infinite.
  public var doubleValue: Double { Double(text) ?? .nan }

  /// The number's text.
  public var description: String { text }
}
