extension StringProtocol {
  /// The text on one line, with everything made visible that a terminal would act on: the one sanitizer of what comes
  /// from files.
  ///
  /// Control characters, line and paragraph separators, byte order marks and what turns the direction of writing are
  /// spelled as Swift escapes them.
  public var visible: String {
    guard unicodeScalars.contains(where: \.actsOnTerminals) else { return String(self) }
    return unicodeScalars.map { $0.actsOnTerminals ? $0.escaped(asASCII: true) : String($0) }.joined()
  }

  /// ``visible``, and no longer than `limit` scalars.
  public func visible(atMost limit: Int) -> String {
    let head = unicodeScalars.prefix(limit)
    return String(String.UnicodeScalarView(head)).visible
      + (head.endIndex < unicodeScalars.endIndex ? "…" : "")
  }

  /// ``visible(atMost:)`` in quotes: a text from a file within a sentence.
  public func quoted(atMost limit: Int = 60) -> String { "\"\(visible(atMost: limit))\"" }
}

extension Unicode.Scalar {
  fileprivate var actsOnTerminals: Bool {
    switch value {
    case 0..<32, 127..<160, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
    default: false
    }
  }
}
