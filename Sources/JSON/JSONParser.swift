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
  private var nodes: [JSONDocument.Node] = []

  private init(_ bytes: [UInt8], limits: JSONLimits) {
    (self.bytes, self.limits) = (bytes, limits)
    // A header has a value or a key in eight bytes; memory that is not written to costs nothing.
    nodes.reserveCapacity(bytes.count / 8 + 1)
  }

  /// The document that `bytes` hold from the first to the last.
  ///
  /// - Complexity: O(*n*) in the number of bytes.
  public static func parse(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) -> JSONValue
  {
    let document = try document(bytes, limits: limits)
    return document.value(document.root)
  }

  /// The document that `text` holds.
  public static func parse(_ text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) -> JSONValue {
    try parse(Array(text.utf8), limits: limits)
  }

  /// The document that `bytes` hold, checked to the last, with no value made of any of them.
  ///
  /// - Complexity: O(*n*) in the number of bytes.
  public static func document(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError)
    -> JSONDocument
  {
    guard bytes.count <= JSONDocument.byteLimit else {
      throw JSONError(JSONDocument.byteLimit, "more than \(JSONDocument.byteLimit) bytes")
    }
    var parser = JSONParser(bytes, limits: limits)
    parser.skipWhitespace()
    try parser.value(depth: 0)
    parser.skipWhitespace()
    if parser.offset < bytes.count { throw JSONError(parser.offset, "more data after the document") }
    return JSONDocument(bytes: bytes, nodes: parser.nodes)
  }

  private mutating func value(depth: Int) throws(JSONError) {
    values += 1
    if values > limits.values { throw JSONError(offset, "more than \(limits.values) values") }
    let start = offset
    switch try peek() {
    case UInt8(ascii: "\""): return try string()
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
    case UInt8(ascii: "t"): try word("true")
    case UInt8(ascii: "f"): try word("false")
    case UInt8(ascii: "n"): try word("null")
    case let byte: throw JSONError.unexpected(byte, at: offset, expected: "a value")
    }
    note(start, end: UInt32(offset))
  }

  /// Notes a value or a key that begins at `start`.
  mutating func note(_ start: Int, end: UInt32) { nodes.append(.init(start: UInt32(start), end: end)) }

  private mutating func object(depth: Int) throws(JSONError) {
    let opening = nodes.count
    try open(depth: depth)
    var keys = KeySet(object: opening)
    if try closes(UInt8(ascii: "}"), opening) { return }
    while true {
      let (start, key) = (offset, nodes.count)
      guard try peek() == UInt8(ascii: "\"") else {
        throw JSONError.unexpected(bytes[offset], at: offset, expected: "a key in quotes")
      }
      try string()
      if !keys.insert(key, nodes, bytes) {
        let name = JSONString.string(bytes, nodes[key])
        throw JSONError(
          start, "the key \(JSONWriter.text(.string(name))) a second time",
          duplicateMember: depth == 0 ? name : nil)
      }
      skipWhitespace()
      try expect(UInt8(ascii: ":"), "\":\"")
      skipWhitespace()
      try value(depth: depth + 1)
      skipWhitespace()
      if try closes(UInt8(ascii: "}"), opening) { return }
      try expect(UInt8(ascii: ","), "\",\" or \"}\"")
      skipWhitespace()
    }
  }

  private mutating func array(depth: Int) throws(JSONError) {
    let opening = nodes.count
    try open(depth: depth)
    if try closes(UInt8(ascii: "]"), opening) { return }
    while true {
      try value(depth: depth + 1)
      skipWhitespace()
      if try closes(UInt8(ascii: "]"), opening) { return }
      try expect(UInt8(ascii: ","), "\",\" or \"]\"")
      skipWhitespace()
    }
  }

  /// Steps over an opening bracket.
  private mutating func open(depth: Int) throws(JSONError) {
    if depth >= limits.depth {
      throw JSONError(offset, "more than \(limits.depth) nested arrays and objects")
    }
    note(offset, end: 0)
    offset += 1
    skipWhitespace()
  }

  /// Steps over a closing bracket, if that is what comes, and notes it of the value that it closes.
  private mutating func closes(_ bracket: UInt8, _ opening: Int) throws(JSONError) -> Bool {
    if try peek() != bracket { return false }
    nodes[opening].end = UInt32(nodes.count)
    offset += 1
    return true
  }

  private mutating func word(_ word: StaticString) throws(JSONError) {
    for byte in word.description.utf8 { try expect(byte, "\"\(word)\"") }
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
/// Most objects have a handful, for which an index costs more than it saves.
private struct KeySet {
  /// The object's node.
  let object: Int
  private var count = 0
  private var index = NameIndex()

  private static let few = 8

  init(object: Int) { self.object = object }

  /// Adds the key that is node `key`, the last; false where another of the object is the same.
  mutating func insert(_ key: Int, _ nodes: [JSONDocument.Node], _ bytes: [UInt8]) -> Bool {
    func isKey(_ other: Int) -> Bool { JSONString.isEqual(bytes, nodes[other], nodes[key]) }
    defer { count += 1 }
    if count < Self.few {
      var other = object + 1
      while other < key {
        if isKey(other) { return false }
        other = JSONDocument.next(other + 1, nodes, bytes)
      }
      return true
    }
    if count == Self.few {
      var other = object + 1
      while other < key {
        _ = index.insert(Self.hash(other, nodes, bytes), at: other) { _ in false }
        other = JSONDocument.next(other + 1, nodes, bytes)
      }
    }
    return index.insert(Self.hash(key, nodes, bytes), at: key, isSame: isKey) == nil
  }

  private static func hash(_ key: Int, _ nodes: [JSONDocument.Node], _ bytes: [UInt8]) -> NameHash {
    unsafe JSONString.withBytes(bytes, nodes[key]) { unsafe NameHash($0) }
  }
}
