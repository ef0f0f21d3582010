/// Why the names of a file cannot be told, or cannot be made into another library's.
public struct NamingError: Error, Equatable, CustomStringConvertible {
  public enum Kind: Sendable {
    /// The names are those of no known library.
    case unknown
    /// They could be those of several.
    case ambiguous
    /// The other library has no such tensor, or no such shape.
    case impossible
  }

  public let kind: Kind
  public let reason: String
  public let hints: [String]

  init(_ kind: Kind, _ reason: String, hints: [String] = []) {
    (self.kind, self.reason, self.hints) = (kind, reason, hints)
  }

  public var description: String { ([reason] + hints.map { "  \($0)" }).joined(separator: "\n") }
}
