/// The bytes of a document, and where in them a line, a column or a character is.
struct SourceText {
  let bytes: [UInt8]
  let name: String

  /// The character that ``offset`` is the first byte of.
  private var character = 0
  private var offset: Int

  private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]

  init(_ bytes: [UInt8], name: String) {
    (self.bytes, self.name) = (bytes, name)
    offset = bytes.starts(with: Self.mark) ? Self.mark.count : 0
  }

  /// Throws where the bytes cannot be a document, whatever they mean.
  func check(_ limits: YAMLLimits) throws(YAMLError) {
    // Whoever gives a checkpoint in the place of a document hears that first, however large it is.
    if let nul = bytes.prefix(1024).firstIndex(of: 0), !isUTF16 { throw binary(at: nul) }
    if bytes.count > limits.bytes {
      throw YAMLError(
        position(ofByte: 0), "the document has \(bytes.count) bytes, more than \(limits.bytes)")
    }
    if isUTF16 { throw YAMLError(position(ofByte: 0), "the document is UTF-16; save it as UTF-8") }
    if let nul = bytes.firstIndex(of: 0) { throw binary(at: nul) }
    do { _ = try UTF8Span(validating: bytes.span) } catch {
      throw YAMLError(position(ofByte: error.byteOffsets.lowerBound), "invalid UTF-8")
    }
    try refuseTagDirectives()
  }

  private var isUTF16: Bool { bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) }

  private func binary(at nul: Int) -> YAMLError {
    YAMLError(
      position(ofByte: nul), "a NUL byte; this is no text in UTF-8",
      advice: "a text in YAML or JSON is wanted here, not a checkpoint or another binary file")
  }

  /// Refuses them by their look, before libyaml compares each with all before it.
  ///
  /// Ten megabytes of them would take it a quarter of an hour.
  private func refuseTagDirectives() throws(YAMLError) {
    let directive = Array("%TAG".utf8)
    var start = offset
    while start < bytes.count {
      if bytes[start] == directive[0], bytes[start...].starts(with: directive) {
        throw YAMLError(position(ofByte: start), "a %TAG directive is not supported")
      }
      while start < bytes.count, bytes[start] != UInt8(ascii: "\n"), bytes[start] != UInt8(ascii: "\r") {
        start += 1
      }
      start += 1
    }
  }

  /// The place that libyaml's line and column are.
  func position(_ mark: EventMark) -> YAMLPosition {
    YAMLPosition(name: name, line: mark.line + 1, column: mark.column + 1)
  }

  /// The place of a byte, for errors that come before libyaml or without its line.
  ///
  /// - Complexity: O(*n*) in the offset.
  func position(ofByte target: Int) -> YAMLPosition {
    var (line, column) = (1, 1)
    let start = bytes.starts(with: Self.mark) ? Self.mark.count : 0
    for index in start..<max(start, min(target, bytes.count)) {
      switch bytes[index] {
      case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
        let isHalf = bytes[index] == UInt8(ascii: "\r") && index + 1 < bytes.count
        if isHalf && bytes[index + 1] == UInt8(ascii: "\n") { continue }
        (line, column) = (line + 1, 1)
      case 0x80..<0xC0: continue
      default: column += 1
      }
    }
    return YAMLPosition(name: name, line: line, column: column)
  }

  /// The offset of a character's first byte.
  ///
  /// - Complexity: O(*n*) for any number of calls with characters in their order.
  mutating func offset(ofCharacter target: Int) -> Int {
    if target < character { self = SourceText(bytes, name: name) }
    while character < target, offset < bytes.count {
      offset += 1
      while offset < bytes.count, bytes[offset] & 0xC0 == 0x80 { offset += 1 }
      character += 1
    }
    return offset
  }

  /// Whether a comment follows on the line, with nothing but blanks before it.
  func isComment(at offset: Int) -> Bool {
    let rest = bytes[offset...]
    guard let next = rest.firstIndex(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }) else {
      return false
    }
    return bytes[next] == UInt8(ascii: "#")
  }
}
