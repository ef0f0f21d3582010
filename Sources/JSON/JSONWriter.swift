internal import SutureText

/// Spells a JSON document, with its members in their order.
public struct JSONWriter {
  /// How a document is laid out.
  public enum Style: Sendable {
    /// No space that JSON does not need, as Rust's serde_json writes.
    case compact
    /// One member or element a line, indented by two spaces; arrays of plain values on one line.
    case pretty
  }

  private let style: Style
  private var output: [UInt8] = []

  private init(style: Style) { self.style = style }

  /// The document as UTF-8, without a newline at the end.
  public static func bytes(_ value: JSONValue, style: Style = .compact) -> [UInt8] {
    var writer = JSONWriter(style: style)
    writer.write(value, indentation: 0)
    return writer.output
  }

  /// The document as text, without a newline at the end.
  public static func text(_ value: JSONValue, style: Style = .compact) -> String {
    String(decoding: bytes(value, style: style), as: UTF8.self)
  }

  private mutating func write(_ value: JSONValue, indentation: Int) {
    switch value {
    case .null: put("null")
    case .bool(true): put("true")
    case .bool(false): put("false")
    case .integer(let value): put(value)
    case .number(let number): put(number.text)
    case .string(let string): write(string)
    case .array(let elements):
      let breaks = style == .pretty && elements.contains { $0.arrayValue != nil || $0.members != nil }
      put("[")
      for (index, element) in elements.enumerated() {
        separate(index, breaks: breaks, indentation: indentation + 2)
        write(element, indentation: indentation + 2)
      }
      if breaks { newLine(indentation) }
      put("]")
    case .object(let members):
      let breaks = style == .pretty && !members.isEmpty
      put("{")
      for (index, member) in members.enumerated() {
        separate(index, breaks: breaks, indentation: indentation + 2)
        write(member.key)
        output.append(UInt8(ascii: ":"))
        if style == .pretty { output.append(UInt8(ascii: " ")) }
        write(member.value, indentation: indentation + 2)
      }
      if breaks { newLine(indentation) }
      put("}")
    }
  }

  private mutating func separate(_ index: Int, breaks: Bool, indentation: Int) {
    if index > 0 { output.append(UInt8(ascii: ",")) }
    if index > 0, style == .pretty, !breaks { output.append(UInt8(ascii: " ")) }
    if breaks { newLine(indentation) }
  }

  private mutating func newLine(_ indentation: Int) {
    put("\n")
    output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indentation))
  }

  private mutating func put(_ text: StaticString) {
    text.withUTF8Buffer { unsafe output.append(contentsOf: $0) }
  }

  private mutating func put(_ text: String) { output.append(text: text) }

  private mutating func put(_ value: Int) {
    // Most are small, and digits come from the last on.
    guard value >= 0, value < 1_000_000_000 else { return put(value.description) }
    var (divisor, rest) = (1, value)
    while divisor * 10 <= value { divisor *= 10 }
    while divisor > 0 {
      output.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest / divisor))
      rest %= divisor
      divisor /= 10
    }
  }

  /// Escapes what must be, and no more: all else stands as UTF-8.
  private mutating func write(_ string: String) {
    output.append(UInt8(ascii: "\""))
    if string.utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
      put(string)
    } else {
      for byte in string.utf8 { escape(byte) }
    }
    output.append(UInt8(ascii: "\""))
  }

  private mutating func escape(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""): put("\\\"")
    case UInt8(ascii: "\\"): put("\\\\")
    case 0x08: put("\\b")
    case 0x09: put("\\t")
    case 0x0A: put("\\n")
    case 0x0C: put("\\f")
    case 0x0D: put("\\r")
    case 0..<0x20: put("\\u00" + (byte < 16 ? "0" : "") + String(byte, radix: 16))
    default: output.append(byte)
    }
  }
}
