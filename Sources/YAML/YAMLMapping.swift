internal import SutureBytes
internal import SutureText

/// A mapping in the order of the document, whose keys are scalars, no two alike.
public struct YAMLMapping: Sendable {
  /// A key and its value.
  public typealias Pair = (key: YAMLNode, value: YAMLNode)

  /// Where the mapping begins.
  public let position: YAMLPosition

  /// The keys with their values.
  public let pairs: [Pair]

  /// The value of the key that has this text, byte for byte; `nil` where there is none.
  ///
  /// - Complexity: O(*n*) in the number of pairs.
  public func value(for key: String) -> YAMLNode? {
    let wanted = ExactString(key)
    return pairs.first { $0.key.scalar.map { ExactString($0.text) == wanted } ?? false }?.value
  }
}

/// What a schema asks of a mapping: keys that must be there, and no others than it knows.
extension YAMLMapping {
  /// The value of a key that must be there.
  public func require(_ key: String) throws(YAMLError) -> YAMLNode {
    guard let value = value(for: key) else { throw YAMLError(position, "the key \(key.quoted()) is missing") }
    return value
  }

  /// Throws at the first key that is none of `known`.
  public func refuseUnknownKeys(known: [String]) throws(YAMLError) {
    let texts = Set(known.map { ExactString($0) })
    for (key, _) in pairs {
      guard let text = key.scalar?.text, texts.contains(ExactString(text)) else {
        throw .unknownKey(key, candidates: known)
      }
    }
  }
}
