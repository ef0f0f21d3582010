extension JSONParser {
  /// Reads a string; the cursor is at its opening quote.
  mutating func string() throws(JSONError) -> String {
    let start = offset + 1
    var end = start
    var hasEscapes = false
    scan: while true {
      if end >= bytes.count { throw JSONError.unexpectedEnd(at: bytes.count) }
      switch bytes[end] {
      case UInt8(ascii: "\""): break scan
      case UInt8(ascii: "\\"):
        hasEscapes = true
        end += 2
      case 0..<0x20:
        throw JSONError(end, "an unescaped control character (\(JSONError.spell(bytes[end])))")
      default: end += 1
      }
    }
    let raw = try validated(start..<end)
    let result = hasEscapes ? try unescaped(start..<end) : raw
    offset = end + 1
    return result
  }

  /// The bytes of `range` as they are.
  ///
  /// Escape sequences are ASCII, so a string is valid UTF-8 before its escapes
  /// are resolved exactly where it is afterwards.
  private func validated(_ range: Range<Int>) throws(JSONError) -> String {
    let text: UTF8Span
    do { text = try UTF8Span(validating: bytes.span.extracting(range)) } catch {
      throw JSONError(range.lowerBound + error.byteOffsets.lowerBound, "invalid UTF-8")
    }
    return String(copying: text)
  }

  private func unescaped(_ range: Range<Int>) throws(JSONError) -> String {
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
        let (scalar, length) = try scalar(at: position, before: range.upperBound)
        result.append(contentsOf: Character(scalar).utf8)
        position += length
        continue
      default: throw JSONError.invalidEscape(at: position)
      }
      position += 2
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// The scalar that `\uXXXX`, or a pair of them, stands for, and how many bytes it takes.
  private func scalar(at position: Int, before end: Int) throws(JSONError) -> (Unicode.Scalar, length: Int) {
    let first = try codeUnit(at: position, before: end)
    if let scalar = Unicode.Scalar(first) { return (scalar, 6) }
    let next = position + 6
    guard UTF16.isLeadSurrogate(first), end - next >= 6, bytes[next] == UInt8(ascii: "\\"),
      bytes[next + 1] == UInt8(ascii: "u")
    else { throw JSONError.loneSurrogate(at: position) }
    let second = try codeUnit(at: next, before: end)
    let code = 0x10000 + (UInt32(first) & 0x3FF) << 10 + UInt32(second) & 0x3FF
    guard UTF16.isTrailSurrogate(second), let scalar = Unicode.Scalar(code) else {
      throw JSONError.loneSurrogate(at: position)
    }
    return (scalar, 12)
  }

  private func codeUnit(at position: Int, before end: Int) throws(JSONError) -> UInt16 {
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
