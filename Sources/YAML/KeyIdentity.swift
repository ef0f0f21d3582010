internal import SutureBytes
internal import SutureText

/// What two keys of one mapping must not have in common.
///
/// That is neither their text, by which a schema looks them up, nor their value, by which Python does.
enum KeyIdentity: Hashable {
  case text(ExactString)
  case null
  /// An integer, or what equals one in Python.
  case int(Int)
  case float(Double)

  static func all(of key: YAMLScalar) -> [KeyIdentity] {
    let value: KeyIdentity? =
      switch key.resolved {
      case .null: .null
      case .bool(let value): .int(value ? 1 : 0)
      case .int(let value): .int(value)
      case .float(let value): Int(exactly: value).map { .int($0) } ?? .float(value)
      case .hugeInt, .string: nil
      }
    let text = KeyIdentity.text(ExactString(key.text))
    return value.map { [text, $0] } ?? [text]
  }
}
