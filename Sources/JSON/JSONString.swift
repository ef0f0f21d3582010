/// Strings as they stand between their quotes.
enum JSONString {
  /// The bytes between the quotes.
  static func range(_ node: JSONDocument.Node) -> Range<Int> {
    (Int(node.start) + 1)..<Int(node.end & ~JSONDocument.escapes)
  }

  /// Whether escape sequences stand in it.
  static func hasEscapes(_ node: JSONDocument.Node) -> Bool { node.end & JSONDocument.escapes != 0 }

  /// The text of a string that the parser has checked.
  static func string(_ bytes: [UInt8], _ node: JSONDocument.Node) -> String {
    unsafe withBytes(bytes, node) { unsafe String(decoding: $0, as: UTF8.self) }
  }

  /// Gives `body` the bytes of the text, which is not copied where it stands as it is.
  static func withBytes<R>(
    _ bytes: [UInt8], _ node: JSONDocument.Node, _ body: (UnsafeRawBufferPointer) -> R
  ) -> R {
    let range = range(node)
    // The parser has resolved the escapes once, and would have thrown.
    if hasEscapes(node), let text = try? unescaped(bytes, range) { return unsafe text.withUnsafeBytes(body) }
    return unsafe bytes.withUnsafeBytes { unsafe body(.init(rebasing: $0[range])) }
  }

  /// Whether two strings are the same text.
  static func isEqual(_ bytes: [UInt8], _ one: JSONDocument.Node, _ other: JSONDocument.Node) -> Bool {
    if !hasEscapes(one), !hasEscapes(other), range(one).count != range(other).count { return false }
    return unsafe withBytes(bytes, one) { one in
      unsafe withBytes(bytes, other) { other in unsafe isEqual(one, other) }
    }
  }

  static func isEqual(_ bytes: [UInt8], _ node: JSONDocument.Node, _ text: StaticString) -> Bool {
    unsafe withBytes(bytes, node) { bytes in
      text.withUTF8Buffer { text in unsafe isEqual(bytes, UnsafeRawBufferPointer(text)) }
    }
  }

  private static func isEqual(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Bool {
    guard one.count == other.count else { return false }
    var place = 0
    while place + 8 <= one.count {
      let word = unsafe one.loadUnaligned(fromByteOffset: place, as: UInt64.self)
      guard unsafe word == other.loadUnaligned(fromByteOffset: place, as: UInt64.self) else { return false }
      place += 8
    }
    while place < one.count {
      guard unsafe one[place] == other[place] else { return false }
      place += 1
    }
    return true
  }

  /// Whether two strings stand there in the same bytes.
  static func isSpelledAlike(_ bytes: [UInt8], _ one: JSONDocument.Node, _ other: JSONDocument.Node) -> Bool {
    unsafe bytes.withUnsafeBytes {
      unsafe isEqual(.init(rebasing: $0[range(one)]), .init(rebasing: $0[range(other)]))
    }
  }

  /// How many bytes from `start` on are plain: ASCII, and neither a quote, a backslash nor a control character.
  ///
  /// Eight at a time; it may stop short of the first that is not.
  static func plainCount(_ bytes: [UInt8], from start: Int) -> Int {
    unsafe bytes.withUnsafeBytes { bytes in
      let ones: UInt64 = 0x0101_0101_0101_0101
      var place = start
      while place + 8 <= bytes.count {
        let word = unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
        let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
        let backslashes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
        // The top bit of each byte that is 0, is less than 32, or has it: above the first of them it may be wrong.
        let zeros = ((quotes &- ones) & ~quotes) | ((backslashes &- ones) & ~backslashes)
        let telling = (zeros | ((word &- ones &* 0x20) & ~word) | word) & (ones &* 0x80)
        if telling != 0 { return place - start + telling.trailingZeroBitCount / 8 }
        place += 8
      }
      return place - start
    }
  }

  /// What stands in quotes with its escape sequences resolved.
  static func unescaped(_ bytes: [UInt8], _ range: Range<Int>) throws(JSONError) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(range.count)
    var position = range.lowerBound
    while position < range.upperBound {
      if bytes[position] != UInt8(ascii: "\\") {
        result.append(bytes[position])
        position += 1
        continue
      }
      switch bytes[position + 1] {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(bytes[position + 1])
      case UInt8(ascii: "b"): result.append(0x08)
      case UInt8(ascii: "f"): result.append(0x0C)
      case UInt8(ascii: "n"): result.append(0x0A)
      case UInt8(ascii: "r"): result.append(0x0D)
      case UInt8(ascii: "t"): result.append(0x09)
      case UInt8(ascii: "u"):
        let (scalar, length) = try scalar(bytes, at: position, before: range.upperBound)
        result.append(contentsOf: Character(scalar).utf8)
        position += length
        continue
      default: throw JSONError.invalidEscape(at: position)
      }
      position += 2
    }
    return result
  }

  /// The scalar that `\uXXXX`, or a pair of them, stands for, and how many bytes it takes.
  private static func scalar(_ bytes: [UInt8], at position: Int, before end: Int) throws(JSONError)
    -> (Unicode.Scalar, length: Int)
  {
    let first = try codeUnit(bytes, at: position, before: end)
    if let scalar = Unicode.Scalar(first) { return (scalar, 6) }
    let next = position + 6
    guard UTF16.isLeadSurrogate(first), end - next >= 6, bytes[next] == UInt8(ascii: "\\"),
      bytes[next + 1] == UInt8(ascii: "u")
    else { throw JSONError.loneSurrogate(at: position) }
    let second = try codeUnit(bytes, at: next, before: end)
    let code = 0x10000 + (UInt32(first) & 0x3FF) << 10 + UInt32(second) & 0x3FF
    guard UTF16.isTrailSurrogate(second), let scalar = Unicode.Scalar(code) else {
      throw JSONError.loneSurrogate(at: position)
    }
    return (scalar, 12)
  }

  private static func codeUnit(_ bytes: [UInt8], at position: Int, before end: Int) throws(JSONError)
    -> UInt16
  {
    if end - position < 6 { throw JSONError.invalidEscape(at: position) }
    var code: UInt16 = 0
    for byte in bytes[(position + 2)..<(position + 6)] {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw JSONError.invalidEscape(at: position)
      }
      code = code << 4 | UInt16(digit)
    }
    return code
  }
}
