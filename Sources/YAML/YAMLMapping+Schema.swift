internal import SutureBytes
internal import SutureText

/// What a schema asks of a mapping: keys that must be there, and no others than it knows.
extension YAMLMapping {
  /// The value of a key that must be there.
  public func require(_ key: String) throws(YAMLError) -> YAMLNode {
    guard let value = value(for: key) else { throw YAMLError(position, .missingKey(key)) }
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
