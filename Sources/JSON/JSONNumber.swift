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

extension JSONNumber {
  /// The integer that fits 64 bits, of the text of a number that has been checked; `nil` where it is no such integer.
  static func integer(_ bytes: [UInt8], _ range: Range<Int>) -> Int? {
    var value = 0
    // Most have few digits and no sign.
    guard range.count <= 18 else { return integer(of: text(bytes, range)) }
    for place in range {
      let digit = bytes[place] &- UInt8(ascii: "0")
      guard digit < 10 else { return integer(of: text(bytes, range)) }
      value = value &* 10 &+ Int(digit)
    }
    return value
  }

  /// The value that the text of a number stands for, which has been checked.
  static func value(_ bytes: [UInt8], _ range: Range<Int>) -> JSONValue {
    integer(bytes, range).map { .integer($0) } ?? .number(JSONNumber(checked: text(bytes, range)))
  }

  private static func text(_ bytes: [UInt8], _ range: Range<Int>) -> String {
    String(decoding: bytes[range], as: UTF8.self)
  }

  /// Minus zero is no integer: as one it would lose its sign.
  private static func integer(of text: String) -> Int? { text == "-0" ? nil : Int(text) }
}
