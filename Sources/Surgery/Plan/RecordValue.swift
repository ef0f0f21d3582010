public import SutureJSON
public import SutureText
internal import SutureYAML

/// A value of a record: what it says, and where it is written if it comes from a file.
///
/// What is asked of it is answered alike for YAML, JSON, provenance and words, and refused with line and column
/// where there are any.
public struct RecordValue: Sendable {
  /// The value as JSON.
  public let json: JSONValue
  /// Where it is written.
  public let place: FailurePlace
  /// What YAML knows of it beyond its value: quotes, other spellings, what its author may have meant.
  private let node: YAMLNode?

  public init(_ json: JSONValue) { (self.json, place, node) = (json, FailurePlace(), nil) }

  /// Reads a document of its own, in YAML or JSON.
  ///
  /// - Parameter name: what errors call it. Where it ends in `.json` the text must be JSON.
  /// - Throws: `Failure` with line and column.
  public init(_ bytes: [UInt8], name: String) throws(Failure) {
    let text = name.lowercased().hasSuffix(".json") ? try JSONText.asYAML(bytes, name: name) : bytes
    do { self.init(try YAML.parse(text, name: name, limits: YAMLLimits(bytes: 10_000_000))) } catch {
      throw Failure(error)
    }
  }

  init(_ node: YAMLNode) {
    (json, place, self.node) = (node.json, FailurePlace(node.position), node)
  }

  /// An error at this value.
  public func error(_ reason: String, advice: String? = nil) -> Failure {
    Failure(.usage, at: place, advice.map { "\(reason); \($0)" } ?? reason)
  }

  func mismatch(_ expected: String, wantsText: Bool = false) -> Failure {
    if let node { return Failure(node.mismatch(expected, wantsText: wantsText)) }
    return error("\(expected) expected, \(json.kind) found")
  }

  private func ask<Value>(
    _ read: (YAMLNode) throws(YAMLError) -> Value, _ value: Value?, _ expected: String
  ) throws(Failure) -> Value {
    if let node {
      do { return try read(node) } catch { throw Failure(error) }
    }
    guard let value else { throw mismatch(expected) }
    return value
  }

  public func string() throws(Failure) -> String {
    try ask({ node throws(YAMLError) in try node.requireString() }, json.stringValue, "a string")
  }

  public func integer() throws(Failure) -> Int {
    try ask({ node throws(YAMLError) in try node.requireInt() }, json.integerValue, "an integer")
  }

  public func bool() throws(Failure) -> Bool {
    try ask({ node throws(YAMLError) in try node.requireBool() }, json.boolValue, "a boolean")
  }

  /// Any finite number; `1e-6` is one, though YAML 1.1 wants a point in it.
  public func number() throws(Failure) -> Double {
    if let scalar = node?.scalar, scalar.isPlain, scalar.text.contains(where: "eE".contains),
      scalar.text.allSatisfy({ "0123456789.+-eE".contains($0) }), let value = Double(scalar.text),
      value.isFinite
    {
      return value
    }
    let value = try ask({ node throws(YAMLError) in try node.requireDouble() }, json.doubleValue, "a number")
    guard value.isFinite else { throw error("a finite number is needed") }
    return value
  }

  /// The elements of a list; `nil` for anything else.
  public var elements: [RecordValue]? {
    node?.sequence.map { $0.map { RecordValue($0) } } ?? json.arrayValue?.map { RecordValue($0) }
  }

  /// The members of an object; `nil` for anything else.
  public var members: [(key: RecordValue, value: RecordValue)]? {
    node?.mapping.map { $0.pairs.map { (RecordValue($0.key), RecordValue($0.value)) } }
      ?? json.members?.map { (RecordValue(.string($0.key)), RecordValue($0.value)) }
  }

  /// A string, or a list of one string or more.
  public func strings() throws(Failure) -> [String] {
    guard let elements else {
      guard members == nil else { throw mismatch("a string or a list of strings", wantsText: true) }
      return [try string()]
    }
    if elements.isEmpty { throw error("the list is empty") }
    return try elements.map { value throws(Failure) in try value.string() }
  }

  /// An integer or a list of integers.
  public func integers() throws(Failure) -> [Int] {
    guard let elements else { return [try integer()] }
    return try elements.map { value throws(Failure) in try value.integer() }
  }

  /// A list of numbers.
  public func numbers() throws(Failure) -> [Double] {
    guard let elements else { throw mismatch("a list") }
    if elements.isEmpty { throw error("the list is empty") }
    return try elements.map { value throws(Failure) in try value.number() }
  }

  /// An object whose keys and values are strings, in its order.
  public func table() throws(Failure) -> [(key: String, value: String)] {
    guard let members else { throw mismatch("a mapping") }
    return try members.map { pair throws(Failure) in (try pair.key.string(), try pair.value.string()) }
  }

  /// The members of an object that has no others than those `known`.
  public func fields(known: [String]) throws(Failure) -> [String: RecordValue] {
    guard let members else { throw mismatch("a mapping") }
    var fields: [String: RecordValue] = [:]
    for (key, value) in members { fields[try key.word(among: known)] = value }
    return fields
  }

  /// A key that is one of `known`.
  func word(among known: [String]) throws(Failure) -> String {
    let text = node?.scalar?.text ?? json.stringValue ?? ""
    if known.contains(where: { ExactString($0) == ExactString(text) }) { return text }
    throw error("unknown key \"\(text.visible)\"", advice: Self.guess(text, known, "known here"))
  }

  /// One of a few words.
  public func choice<Choice: RawRepresentable & CaseIterable>(_ type: Choice.Type) throws(Failure) -> Choice
  where Choice.RawValue == String {
    let word = try string()
    if let choice = Choice(rawValue: word) { return choice }
    throw error(
      "\"\(word)\" is not known here", advice: Self.guess(word, Choice.allCases.map(\.rawValue), "there are"))
  }

  private static func guess(_ word: String, _ known: [String], _ list: String) -> String? {
    Spelling.nearest(to: word, among: known).map { "did you mean \"\($0)\"?" }
      ?? (known.isEmpty ? nil : "\(list): \(known.joined(separator: ", "))")
  }
}

extension YAMLNode {
  /// The value as JSON; what JSON has no value for is its text.
  var json: JSONValue {
    switch content {
    case .sequence(let nodes): .array(nodes.map(\.json))
    case .mapping(let mapping): .object(mapping.pairs.map { ($0.key.scalar?.text ?? "", $0.value.json) })
    case .scalar(let scalar):
      switch scalar.resolved {
      case .null: .null
      case .bool(let value): .bool(value)
      case .int(let value): .integer(value)
      case .float(let value) where value.isFinite: .double(value)
      case .float, .hugeInt: .string(scalar.text)
      case .string(let text): .string(text)
      }
    }
  }
}

extension FailurePlace {
  init(_ position: YAMLPosition) {
    self.init(file: position.name, line: position.line, column: position.column)
  }
}

extension Failure {
  /// That a recipe or a table cannot be read.
  init(_ error: YAMLError) { self.init(.usage, at: FailurePlace(error.position), error.message) }
}
