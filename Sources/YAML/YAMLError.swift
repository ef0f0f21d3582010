internal import SutureBytes
public import SutureText

/// Why bytes are not the YAML document that was wanted, and where.
public struct YAMLError: SutureError, Equatable {
  /// What is wrong there.
  public enum Cause: Equatable, Sendable {
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
  public let cause: Cause
  /// What to write instead, where that can be guessed.
  public let advice: String?

  init(_ position: YAMLPosition, _ cause: Cause, advice: String? = nil) {
    (self.position, self.cause, self.advice) = (position, cause, advice)
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

  public var kind: FailureKind { .unreadable }
  public var place: FailurePlace { position.place }
  public var reason: String { "\(cause)" }
  public var remedies: [Remedy] { advice.map { [.advice($0)] } ?? [] }

  /// Where, what is wrong, and what to write instead, on one line.
  public var description: String { "\(position): \(message)" }

  /// What is wrong and what to write instead, without the place.
  public var message: String { advice.map { "\(cause); \($0)" } ?? reason }
}

extension YAMLError.Cause: CustomStringConvertible {
  /// What is wrong, on one line.
  public var description: String {
    switch self {
    case .empty: "the document is empty"
    case .tooLarge(let bytes, let limit): "the document has \(bytes) bytes, more than \(limit)"
    case .tooDeep(let limit): "more than \(limit) nested lists and mappings"
    case .tooManyNodes(let limit): "more than \(limit) values"
    case .invalidUTF8: "invalid UTF-8"
    case .utf16: "the document is UTF-16; save it as UTF-8"
    case .nul: "a NUL byte; this is no text in UTF-8"
    case .controlCharacter(let code): "an unescaped control character (U+\(Self.hexadecimal(code)))"
    case .syntax(let words): words
    case .tab: "a tab where YAML takes spaces only"
    case .duplicateKey(let key, let first, let line) where key == first:
      "the key \(key.quoted()) comes twice (first at line \(line))"
    case .duplicateKey(let key, let first, let line):
      "the key \(key.quoted()) comes twice (first as \(first.quoted()) at line \(line))"
    case .keyIsNoScalar: "a list or mapping as a key is not supported"
    case .anchor(let name): "the anchor &\(name.visible(atMost: 60)) is not supported"
    case .alias(let name): "the alias *\(name.visible(atMost: 60)) is not supported"
    case .mergeKey: "the merge key << is not supported; write out what it would merge"
    case .tag(let tag): "the tag \(tag.visible(atMost: 60)) is not supported"
    case .tagDirective: "a %TAG directive is not supported"
    case .tagMismatch(let tag, let found): "the tag !!\(tag.rawValue) does not fit \(found)"
    case .secondDocument: "a second document begins; a file may have one"
    case .outOfMemory: "not enough memory"
    case .mismatch(let expected, let found): "\(expected) expected, \(found) found"
    case .missingKey(let key): "the key \(key.quoted()) is missing"
    case .unknownKey(let key): "unknown key \(key.quoted())"
    case .schema(let message): message
    }
  }

  private static func hexadecimal(_ code: UInt32) -> String {
    let digits = String(code, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}
