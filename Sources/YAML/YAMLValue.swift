internal import SutureText

/// What a scalar means.
public enum YAMLValue: Equatable, Sendable {
  case null
  case bool(Bool)
  case int(Int)
  /// An integer that takes more than 64 bits.
  case hugeInt
  case float(Double)
  case string(String)

  /// The value in words for an error.
  var spelled: String {
    switch self {
    case .null: "null"
    case .bool(let value): "the boolean \(value)"
    case .int(let value): "the integer \(value)"
    case .hugeInt: "an integer of more than 64 bits"
    case .float(let value): "the number \(value)"
    case .string(let text): "the string \(text.quoted())"
    }
  }
}
