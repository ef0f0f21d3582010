internal import SutureBytes
internal import SutureText

/// Why bytes are not the YAML document that was wanted, and where.
public struct YAMLError: Error, Equatable, CustomStringConvertible {
  /// What is wrong there.
  public enum Reason: Equatable, Sendable {
    /// There is no document, or nothing in it; whoever reads it knows best what to ask for.
    case empty
    case tooLarge(bytes: Int, limit: Int)
    case tooDeep(limit: Int)
    case tooManyNodes(limit: Int)
    case invalidUTF8
    case utf16
    case nul
    case controlCharacter(UInt32)
    /// What libyaml could not accept, in its words.
    case syntax(String)
    case tab
    /// - Parameter first: the key that means the same, and its line.
    case duplicateKey(String, first: String, line: Int)
    case keyIsNoScalar
    case anchor(String)
    case alias(String)
    case mergeKey
    case tag(String)
    case tagDirective
    /// A text or a collection that is nothing of the type that its tag gives it.
    case tagMismatch(YAMLTag, found: String)
    case secondDocument
    case outOfMemory
    /// A value of another type than the schema asks for.
    case mismatch(expected: String, found: String)
    case missingKey(String)
    case unknownKey(String)
    /// Anything else that a schema has against a node, in its words.
    case schema(String)
  }

  /// Where the document could not be accepted.
  public let position: YAMLPosition
  /// What is wrong there.
  public let reason: Reason
  /// What to write instead, where that can be guessed.
  public let advice: String?

  init(_ position: YAMLPosition, _ reason: Reason, advice: String? = nil) {
    (self.position, self.reason, self.advice) = (position, reason, advice)
  }

  /// That a schema does not know a key, with the one of `candidates` that is spelled most like it.
  public static func unknownKey(_ key: YAMLNode, candidates: [String]) -> YAMLError {
    guard let text = key.scalar?.text else { return YAMLError(key.position, .keyIsNoScalar) }
    let advice =
      if let near = Spelling.nearest(to: text, among: candidates) { "did you mean \"\(near)\"?" } else {
        candidates.isEmpty ? nil : "known here: " + candidates.joined(separator: ", ")
      }
    return YAMLError(key.position, .unknownKey(text), advice: advice)
  }

  /// Where, what is wrong, and what to write instead, on one line.
  public var description: String { "\(position): \(message)" }

  /// What is wrong and what to write instead, without the place.
  public var message: String { advice.map { "\(reason); \($0)" } ?? "\(reason)" }
}
