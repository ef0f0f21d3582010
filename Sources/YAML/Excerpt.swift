/// Text of a document as an error shows it: short, and nothing in it that a terminal would act on.
enum Excerpt {
  private static let longest = 60

  /// In quotes.
  static func quoted(_ text: String) -> String { "\"\(visible(text))\"" }

  /// Without quotes.
  static func visible(_ text: String) -> String {
    let head = text.unicodeScalars.prefix(longest)
    let shown = head.map { isControl($0) ? $0.escaped(asASCII: true) : String($0) }.joined()
    return head.endIndex < text.unicodeScalars.endIndex ? shown + "…" : shown
  }

  /// Control characters, and those that turn the direction of writing.
  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<32, 127..<160, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
    default: false
    }
  }
}
