internal import SutureBytes
internal import SutureText

/// How opcodes spell numbers and text in the stream.
extension Unpickler {
  /// A 64-bit length as an `Int`; one that no memory could hold is told apart before any arithmetic.
  func size(_ value: UInt64) throws(PickleError) -> Int {
    guard let size = Int(exactly: value) else { throw truncated(needed: Int.max, available: 0) }
    return size
  }

  func length(_ value: Int32) throws(PickleError) -> Int {
    if value < 0 { throw error("the length is \(value)") }
    return Int(value)
  }

  /// Two's complement, little-endian, any length; no bytes are zero.
  static func integer(_ bytes: [UInt8]) -> PickleValue {
    guard let last = bytes.last else { return .int(0) }
    let fill: UInt8 = last & 0x80 == 0 ? 0 : 0xFF
    if bytes.count > 8 {
      // Padding that only repeats the sign does not make the number big.
      guard bytes[8...].allSatisfy({ $0 == fill }), bytes[7] & 0x80 == fill & 0x80 else {
        return .bigInt(bytes)
      }
    }
    var bits: UInt64 = fill == 0 ? 0 : ~0
    for (index, byte) in bytes.prefix(8).enumerated() {
      bits &= ~(0xFF << UInt64(8 * index))
      bits |= UInt64(byte) << UInt64(8 * index)
    }
    return .int(Int(Int64(bitPattern: bits)))
  }

  /// A text; its bytes, which are remembered as such, where it holds half characters.
  mutating func pushText(_ count: Int, _ reader: inout ByteReader) throws {
    var before = reader
    if let text = try reader.string(count) { return try push(.string(text)) }
    let bytes = try before.array(count)
    guard Self.isTextWithSurrogates(bytes) else { throw error("the text is not valid UTF-8") }
    try push(.bytes(bytes))
    if let id = stack.last { graph.halfTexts.insert(id) }
  }

  /// Whether it is UTF-8 but for surrogates, which Python writes as if they were characters: `os.listdir` gives them for the
  /// bytes of a file's name that are no text.
  private static func isTextWithSurrogates(_ bytes: [UInt8]) -> Bool {
    var rest = bytes
    for index in bytes.indices.dropLast(2)
    where bytes[index] == 0xED && bytes[index + 1] >= 0xA0 && bytes[index + 2] >= 0x80 {
      for place in index..<(index + 3) { rest[place] = UInt8(ascii: "?") }
    }
    return String(utf8: rest.span) != nil
  }

  /// A Python 2 `str`: UTF-8 text in every checkpoint known, bytes otherwise.
  func python2String(_ bytes: [UInt8]) -> PickleValue {
    String(utf8: bytes.span).map { .string($0) } ?? .bytes(bytes)
  }

  /// The bytes up to the next newline.
  private func rawLine(_ reader: inout ByteReader) throws -> [UInt8] {
    guard let bytes = reader.line(limit: 1 << 24) else {
      throw truncated(needed: reader.remaining + 1, available: reader.remaining)
    }
    return bytes
  }

  func line(_ reader: inout ByteReader) throws -> String { try valid(try rawLine(&reader)) }

  private func valid(_ bytes: [UInt8]) throws -> String {
    guard let text = String(utf8: bytes.span) else {
      throw error("the text is not valid UTF-8")
    }
    return text
  }

  func globalLines(_ reader: inout ByteReader) throws -> PickleValue {
    let limit = limits.globalName + 1
    guard let module = reader.line(limit: limit), let name = reader.line(limit: limit) else {
      if reader.remaining >= limit {
        throw exceeded("bytes in the name of a global", limits.globalName, name: "name-bytes")
      }
      throw truncated(needed: reader.remaining + 1, available: reader.remaining)
    }
    return try global(try valid(module), try valid(name))
  }

  func textIndex(_ reader: inout ByteReader) throws -> Int {
    let text = try line(&reader)
    guard let index = Int(text), index >= 0 else { throw error("\"\(text)\" is not a number") }
    return index
  }

  /// INT: a decimal number, or `00` and `01` for False and True.
  func textInteger(_ reader: inout ByteReader) throws -> PickleValue {
    let text = try line(&reader)
    switch text {
    case "00": return .bool(false)
    case "01": return .bool(true)
    default:
      guard let value = Int(text) else { throw error("\"\(text)\" is not a number") }
      return .int(value)
    }
  }

  /// LONG: a decimal number, usually followed by `L`.
  func textLong(_ reader: inout ByteReader) throws -> PickleValue {
    var text = try line(&reader)
    if text.utf8.last == UInt8(ascii: "L") { text.removeLast() }
    if let value = Int(text) { return .int(value) }
    guard text.utf8.count <= limits.decimalDigits else {
      throw exceeded("digits of a number", limits.decimalDigits, name: "digits")
    }
    guard let bytes = Self.twosComplement(decimal: text) else { throw error("\"\(text)\" is not a number") }
    return .bigInt(bytes)
  }

  /// A decimal number beyond 64 bits as little-endian two's complement; `nil` where it is no number.
  ///
  /// - Complexity: O(*n*²) for *n* digits, which the limits keep few, as Python does.
  static func twosComplement(decimal text: String) -> [UInt8]? {
    let isNegative = text.utf8.first == UInt8(ascii: "-")
    let digits = text.utf8.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
    guard !digits.isEmpty, text.utf8.count - digits.count <= 1 else { return nil }
    var bytes: [UInt8] = []
    for digit in digits {
      guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
      var carry = Int(digit) - 48
      for index in bytes.indices {
        carry += Int(bytes[index]) * 10
        bytes[index] = UInt8(carry & 0xFF)
        carry >>= 8
      }
      if carry > 0 { bytes.append(UInt8(carry)) }
    }
    bytes.append(0)
    guard isNegative else { return bytes }
    var carry = 1
    for index in bytes.indices {
      carry += Int(~bytes[index])
      bytes[index] = UInt8(carry & 0xFF)
      carry >>= 8
    }
    return bytes
  }

  func textFloat(_ reader: inout ByteReader) throws -> PickleValue {
    let text = try line(&reader)
    guard let value = Double(text) else { throw error("\"\(text)\" is not a number") }
    return .float(value)
  }

  /// STRING: a Python 2 literal in quotes.
  func quotedString(_ reader: inout ByteReader) throws -> PickleValue {
    let raw = try rawLine(&reader)
    let quotes: [UInt8] = [UInt8(ascii: "'"), UInt8(ascii: "\"")]
    guard raw.count >= 2, let quote = raw.first, quotes.contains(quote), raw.last == quote else {
      throw error("the text is not valid UTF-8")
    }
    guard let bytes = Escapes.python2(raw.dropFirst().dropLast()) else {
      throw error("the text is not valid UTF-8")
    }
    return python2String(bytes)
  }

  /// UNICODE: Latin-1 with `\uXXXX` escapes.
  func escapedUnicode(_ reader: inout ByteReader) throws -> PickleValue {
    let raw = try rawLine(&reader)
    guard let text = Escapes.rawUnicode(raw) else { throw error("the text is not valid UTF-8") }
    return .string(text)
  }
}
