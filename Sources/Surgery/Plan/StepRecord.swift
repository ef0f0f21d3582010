public import SutureJSON
public import SutureText

/// A step as data: what recipes hold, what the provenance of a file holds, and what its trace reads.
///
///     {"slice": "head.weight", "range": "0:10", "axis": 0}
public struct StepRecord: Sendable, Equatable {
  public let verb: String
  /// What stands behind the verb.
  public var operand: RecordValue
  /// What stands beside it: what is not as it would be unsaid.
  public var fields: [(key: String, value: RecordValue)]
  /// Whether a pattern of it may fit nothing.
  public var isOptional: Bool
  /// What the step found out while it ran.
  public var resolved: ResolvedFields
  /// Where the step is written.
  public let place: FailurePlace

  public init(_ verb: String, _ operand: JSONValue = .null, _ fields: [(key: String, value: JSONValue)] = [])
  {
    self.init(verb, RecordValue(operand), fields.map { ($0.key, RecordValue($0.value)) }, at: FailurePlace())
  }

  init(
    _ verb: String, _ operand: RecordValue, _ fields: [(key: String, value: RecordValue)],
    isOptional: Bool = false, resolved: ResolvedFields = ResolvedFields(), at place: FailurePlace
  ) {
    (self.verb, self.operand, self.fields, self.isOptional) = (verb, operand, fields, isOptional)
    (self.resolved, self.place) = (resolved, place)
  }

  /// As a recipe in JSON has it; what was resolved is there where anything was.
  public var json: JSONValue {
    .object(
      [(verb, operand.json)] + fields.map { ($0.key, $0.value.json) }
        + (isOptional ? [(Self.optional, .bool(true))] : [])
        + (resolved.isEmpty ? [] : [(Self.resolved, resolved.json)]))
  }

  /// The keys that any record may have.
  static let (optional, resolved) = ("optional", "resolved")

  public static func == (one: Self, other: Self) -> Bool { one.json == other.json }

  /// The value of a field; `nil` where nothing is said.
  public subscript(key: String) -> RecordValue? { fields.first { $0.key == key }?.value }

  /// The value of a field that must be there.
  public func require(_ key: String) throws(Failure) -> RecordValue {
    guard let value = self[key] else { throw Failure(.usage, at: place, "the key \"\(key)\" is missing") }
    return value
  }

  /// An axis or another integer that has a usual value.
  public func integer(_ key: String, default usual: Int) throws(Failure) -> Int {
    try self[key]?.integer() ?? usual
  }

  /// The texts of a field, none where nothing is said.
  public func strings(_ key: String) throws(Failure) -> [String] { try self[key]?.strings() ?? [] }

  /// Throws where something follows the verb of a step that stands alone.
  public func requireAlone() throws(Failure) {
    if operand.json != .null { throw operand.error("\(verb) stands alone: nothing follows it") }
  }
}

/// What a step found out while it ran, beside what it was told: with it the way back is exact.
public struct ResolvedFields: Sendable {
  public var members: [(key: String, value: JSONValue)]

  public init(_ members: [(key: String, value: JSONValue)] = []) { self.members = members }

  public var isEmpty: Bool { members.isEmpty }
  public var json: JSONValue { .object(members) }
  public subscript(key: String) -> JSONValue? { members.first { $0.key == key }?.value }

  /// Records names, folded.
  public mutating func set(_ key: String, names: [String]) {
    members.append((key, .array(FoldedNames.patterns(for: names).map { .string($0) })))
  }

  /// The names that were recorded; `nil` where none were.
  public func names(_ key: String) -> [String]? {
    self[key]?.arrayValue.map { FoldedNames.names(of: $0.compactMap(\.stringValue)) }
  }

  /// The key of the names that a step touched, as they were before it.
  static let keys = "keys"
  /// The key of the patterns that fitted nothing, where that was allowed.
  static let unmatched = "unmatched"
}

extension JSONValue {
  /// One string, or several as an array.
  static func strings(_ strings: [String]) -> JSONValue {
    strings.count == 1 ? .string(strings[0]) : .array(strings.map { .string($0) })
  }

  static func integers(_ integers: [Int]) -> JSONValue { .array(integers.map { .integer($0) }) }
}
