extension String {
  /// How many columns of a terminal it takes: two a letter of Chinese, Japanese and Korean and an emoji, none what goes with the
  /// character before it.
  ///
  /// Terminals do not agree about emoji of several parts, which count as one here, as newer ones show them.
  package var width: Int {
    isPrintableASCII ? utf8.count : reduce(0) { $0 + $1.width }
  }

  /// No more of its beginning than `columns` show.
  package func prefix(columns: Int) -> Substring {
    if isPrintableASCII { return prefix(max(columns, 0)) }
    var left = columns
    return prefix {
      left -= $0.width
      return left >= 0
    }
  }

  /// No more of its end than `columns` show.
  package func suffix(columns: Int) -> Substring {
    if isPrintableASCII { return suffix(max(columns, 0)) }
    var left = columns
    let rest = reversed().prefix {
      left -= $0.width
      return left >= 0
    }
    return self[rest.endIndex.base...]
  }
}

extension Character {
  /// How many columns of a terminal it takes.
  package var width: Int {
    guard let first = unicodeScalars.first else { return 0 }
    if first.value < 0x300 { return hasPicture ? 2 : 1 }
    switch first.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: return hasPicture || first.isWide ? 2 : 1
    }
  }

  /// Whether it is shown as an emoji, by itself or because it asks to be.
  private var hasPicture: Bool {
    unicodeScalars.contains { $0.value == 0xFE0F || $0.value > 0x2300 && $0.properties.isEmojiPresentation }
  }
}

extension Unicode.Scalar {
  /// Whether East Asian letters of its block are as wide as they are high: W and F of Unicode's Standard Annex 11, but for emoji.
  fileprivate var isWide: Bool {
    switch value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3: value != 0x303F
    case 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6: true
    case 0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF, 0x1F200...0x1F265, 0x20000...0x2FFFD, 0x30000...0x3FFFD: true
    default: false
    }
  }
}
