extension String {
  /// The text on one line, with everything made visible that a terminal would act on: the one sanitizer of what comes
  /// from files.
  ///
  /// Control characters, line and paragraph separators, byte order marks, what turns the direction of writing and what
  /// cannot be seen are spelled as Swift escapes them.
  public var visible: String {
    // Nearly all text is plain, and this is asked of every line.
    if isPrintableASCII { return self }
    guard unicodeScalars.contains(where: { $0.actsOnTerminals }) else { return self }
    var result = ""
    result.reserveCapacity(utf8.count)
    for scalar in unicodeScalars {
      if scalar.actsOnTerminals {
        result += scalar.escaped(asASCII: true)
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// Whether all of it is printable ASCII, of which each byte takes a column.
  package var isPrintableASCII: Bool {
    // All bytes without a branch are faster than some of them.
    let found = unsafe utf8.withContiguousStorageIfAvailable { bytes in
      unsafe bytes.reduce(0) { $0 | ($1 &- 32 > 94 ? 1 : 0) } == 0
    }
    return found ?? utf8.allSatisfy { 32...126 ~= $0 }
  }
}

extension StringProtocol {
  /// The text on one line, with everything made visible that a terminal would act on.
  public var visible: String { String(self).visible }

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
  /// Whether a terminal does something at it other than showing it.
  package var actsOnTerminals: Bool {
    switch value {
    case 0..<32, 127..<160: true
    // Ends of lines and paragraphs, and what turns the direction of writing.
    case 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2060...0x206F: true
    // A byte order mark, marks around annotations, and tags, which nobody sees.
    case 0xFEFF, 0xFFF9...0xFFFB, 0xE0000...0xE007F: true
    // What joins letters and emoji, or chooses between their forms, changes what is seen.
    case 0x200C, 0x200D, 0xFE00...0xFE0F, 0xE0100...0xE01EF: false
    // Nothing else that is not to be seen makes two names look alike.
    default: value >= 0xAD && properties.isDefaultIgnorableCodePoint
    }
  }
}

extension [UInt8] {
  /// Adds the bytes of a text.
  package mutating func append(text: String) {
    let isDone: Void? = unsafe text.utf8.withContiguousStorageIfAvailable { unsafe append(contentsOf: $0) }
    if isDone == nil { append(contentsOf: text.utf8) }
  }
}
