extension JSONParser {
  /// Steps over a string and notes where it stands; the cursor is at its opening quote.
  mutating func string() throws(JSONError) {
    let start = offset + 1
    var end = start
    var (hasEscapes, isASCII) = (false, true)
    scan: while true {
      end += JSONString.plainCount(bytes, from: end)
      if end >= bytes.count { throw JSONError.unexpectedEnd(at: bytes.count) }
      switch bytes[end] {
      case UInt8(ascii: "\""): break scan
      case UInt8(ascii: "\\"):
        hasEscapes = true
        end += 2
      case 0..<0x20:
        throw JSONError(end, "an unescaped control character (\(JSONError.spell(bytes[end])))")
      case let byte:
        if byte >= 0x80 { isASCII = false }
        end += 1
      }
    }
    // Escape sequences are ASCII, so a string is valid UTF-8 before they are resolved exactly where it is afterwards.
    if hasEscapes || !isASCII { try validate(start..<end) }
    if hasEscapes { _ = try JSONString.unescaped(bytes, start..<end) }
    note(offset, end: UInt32(end) | (hasEscapes ? JSONDocument.escapes : 0))
    offset = end + 1
  }

  private func validate(_ range: Range<Int>) throws(JSONError) {
    do { _ = try UTF8Span(validating: bytes.span.extracting(range)) } catch {
      throw JSONError(range.lowerBound + error.byteOffsets.lowerBound, "invalid UTF-8")
    }
  }
}
