internal import SutureText

/// A strict parser of RFC 8259 for documents that nobody vouches for.
///
/// It refuses what other parsers decide differently on: duplicate keys, lone surrogates, invalid UTF-8, a byte order
/// mark, anything after the document. Its recursion goes no deeper than ``JSONLimits/depth``.
public struct JSONParser {
  let bytes: [UInt8]
  let limits: JSONLimits
  var offset = 0
  private var values = 0

  private init(_ bytes: [UInt8], limits: JSONLimits) { (self.bytes, self.limits) = (bytes, limits) }

  /// The document that `bytes` hold from the first to the last.
  ///
  /// - Complexity: O(*n*) in the number of bytes.
  public static func parse(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) -> JSONValue
  {
    var parser = JSONParser(bytes, limits: limits)
    parser.skipWhitespace()
    let value = try parser.value(depth: 0)
    parser.skipWhitespace()
    if parser.offset < bytes.count { throw JSONError(parser.offset, "more data after the document") }
    return value
  }

  /// The document that `text` holds.
  public static func parse(_ text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) -> JSONValue {
    try parse(Array(text.utf8), limits: limits)
  }

  private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
    values += 1
    if values > limits.values { throw JSONError(offset, "more than \(limits.values) values") }
    switch try peek() {
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "{"): return .object(try object(depth: depth))
    case UInt8(ascii: "["): return .array(try array(depth: depth))
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case let byte: throw JSONError.unexpected(byte, at: offset, expected: "a value")
    }
  }

  private mutating func object(depth: Int) throws(JSONError) -> [(key: String, value: JSONValue)] {
    try open(depth: depth)
    var members: [(key: String, value: JSONValue)] = []
    var keys = KeySet()
    if try closes(UInt8(ascii: "}")) { return members }
    while true {
      let start = offset
      guard try peek() == UInt8(ascii: "\"") else {
        throw JSONError.unexpected(bytes[offset], at: offset, expected: "a key in quotes")
      }
      let key = try string()
      if !keys.insert(key, among: members) {
        throw JSONError(
          start, "the key \(JSONWriter.text(.string(key))) a second time",
          duplicateMember: depth == 0 ? key : nil)
      }
      skipWhitespace()
      try expect(UInt8(ascii: ":"), "\":\"")
      skipWhitespace()
      members.append((key: key, value: try value(depth: depth + 1)))
      skipWhitespace()
      if try closes(UInt8(ascii: "}")) { return members }
      try expect(UInt8(ascii: ","), "\",\" or \"}\"")
      skipWhitespace()
    }
  }

  private mutating func array(depth: Int) throws(JSONError) -> [JSONValue] {
    try open(depth: depth)
    var elements: [JSONValue] = []
    if try closes(UInt8(ascii: "]")) { return elements }
    while true {
      elements.append(try value(depth: depth + 1))
      skipWhitespace()
      if try closes(UInt8(ascii: "]")) { return elements }
      try expect(UInt8(ascii: ","), "\",\" or \"]\"")
      skipWhitespace()
    }
  }

  /// Steps over an opening bracket.
  private mutating func open(depth: Int) throws(JSONError) {
    if depth >= limits.depth {
      throw JSONError(offset, "more than \(limits.depth) nested arrays and objects")
    }
    offset += 1
    skipWhitespace()
  }

  /// Steps over a closing bracket, if that is what comes.
  private mutating func closes(_ bracket: UInt8) throws(JSONError) -> Bool {
    if try peek() != bracket { return false }
    offset += 1
    return true
  }

  private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
    for byte in word.description.utf8 { try expect(byte, "\"\(word)\"") }
    return value
  }

  func peek() throws(JSONError) -> UInt8 {
    if offset >= bytes.count { throw JSONError.unexpectedEnd(at: bytes.count) }
    return bytes[offset]
  }

  mutating func expect(_ byte: UInt8, _ spelled: @autoclosure () -> String) throws(JSONError) {
    let found = try peek()
    if found != byte { throw JSONError.unexpected(found, at: offset, expected: spelled()) }
    offset += 1
  }

  private mutating func skipWhitespace() {
    while offset < bytes.count {
      switch bytes[offset] {
      case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): offset += 1
      default: return
      }
    }
  }
}

/// How much a document may ask of the parser.
public struct JSONLimits: Sendable {
  /// How many arrays and objects may enclose a value.
  public var depth: Int

  /// How many values there may be: one takes a byte or two of the document, but some thirty of memory.
  public var values: Int

  /// Limits that every checkpoint in the field keeps.
  public init(depth: Int = 64, values: Int = 16_000_000) { (self.depth, self.values) = (depth, values) }
}

/// The keys of one object so far.
///
/// Most objects have a handful, for which a set costs more than it saves.
private struct KeySet {
  private var index = NameIndex()

  private static let few = 8

  /// Adds `key`, which follows `members`; false where one of them has it.
  mutating func insert(_ key: String, among members: [(key: String, value: JSONValue)]) -> Bool {
    if members.count < Self.few {
      return !members.contains { ExactString($0.key) == ExactString(key) }
    }
    if members.count == Self.few {
      for (place, member) in members.enumerated() {
        _ = index.insert(member.key, at: place) { members[$0].key }
      }
    }
    return index.insert(key, at: members.count) { members[$0].key } == nil
  }
}
