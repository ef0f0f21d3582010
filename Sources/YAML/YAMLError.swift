internal import SutureBytes
public import SutureText

/// Why bytes are not the YAML document that was wanted, and where.
public struct YAMLError: SutureError, Equatable {
  /// Where the document could not be accepted.
  public let position: YAMLPosition
  /// What is wrong there, on one line.
  public let reason: String
  /// What to write instead, where that can be guessed.
  public let advice: String?

  init(_ position: YAMLPosition, _ reason: String, advice: String? = nil) {
    (self.position, self.reason, self.advice) = (position, reason, advice)
  }

  static func keyIsNoScalar(at position: YAMLPosition, advice: String? = nil) -> YAMLError {
    YAMLError(position, "a list or mapping as a key is not supported", advice: advice)
  }

  /// That a schema does not know a key, with the one of `candidates` that is spelled most like it.
  public static func unknownKey(_ key: YAMLNode, candidates: [String]) -> YAMLError {
    guard let text = key.scalar?.text else { return .keyIsNoScalar(at: key.position) }
    let advice =
      if let near = Spelling.nearest(to: text, among: candidates) { "did you mean \"\(near)\"?" } else {
        candidates.isEmpty ? nil : "known here: " + candidates.joined(separator: ", ")
      }
    return YAMLError(key.position, "unknown key \(text.quoted())", advice: advice)
  }

  public var kind: FailureKind { .unreadable }
  public var place: FailurePlace { position.place }
  public var remedies: [Remedy] { advice.map { [.advice($0)] } ?? [] }

  /// Where, what is wrong, and what to write instead, on one line.
  public var description: String { "\(position): \(message)" }

  /// What is wrong and what to write instead, without the place.
  public var message: String { advice.map { "\(reason); \($0)" } ?? reason }
}
