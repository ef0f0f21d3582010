internal import SutureBytes
internal import SutureText

/// A JSON document, with the order of its members and the text of its numbers kept.
public enum JSONValue: Sendable {
  case null
  case bool(Bool)
  /// A number without fraction or exponent that fits 64 bits.
  case integer(Int)
  /// Any other number.
  case number(JSONNumber)
  case string(String)
  case array([JSONValue])
  case object([(key: String, value: JSONValue)])

  /// A floating-point number in its shortest form that reads back as the same value; null where it is not finite,
  /// because JSON has no such numbers.
  public static func double(_ value: Double) -> JSONValue { JSONNumber(value).map { .number($0) } ?? .null }

  /// The value of the member of that name, byte for byte; `nil` where there is none or this is no object.
  ///
  /// - Complexity: O(*n*) in the number of members.
  public subscript(key: String) -> JSONValue? {
    let wanted = ExactString(key)
    return members?.first { ExactString($0.key) == wanted }?.value
  }

  /// The value of a boolean.
  public var boolValue: Bool? { if case .bool(let value) = self { value } else { nil } }

  /// The value of an integer that fits 64 bits.
  public var integerValue: Int? { if case .integer(let value) = self { value } else { nil } }

  /// The text of a string.
  public var stringValue: String? { if case .string(let value) = self { value } else { nil } }

  /// The elements of an array.
  public var arrayValue: [JSONValue]? { if case .array(let values) = self { values } else { nil } }

  /// The members of an object in the order of the document.
  public var members: [(key: String, value: JSONValue)]? {
    if case .object(let all) = self { all } else { nil }
  }

  /// The nearest double of any number.
  public var doubleValue: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let number): number.doubleValue
    default: nil
    }
  }

  /// What kind of value this is, in words for an error.
  public var kind: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .integer: "an integer"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

extension JSONValue: Equatable {
  /// Strings are equal byte for byte, numbers by their text, objects with their members in the same order.
  public static func == (one: JSONValue, other: JSONValue) -> Bool {
    switch (one, other) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.integer(let a), .integer(let b)): a == b
    case (.number(let a), .number(let b)): a == b
    case (.string(let a), .string(let b)): ExactString(a) == ExactString(b)
    case (.array(let a), .array(let b)): a == b
    case (.object(let a), .object(let b)):
      a.elementsEqual(b) { ExactString($0.key) == ExactString($1.key) && $0.value == $1.value }
    default: false
    }
  }
}
