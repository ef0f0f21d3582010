/// Why a checkpoint could not be opened, read or written: what, where, and what to do about it.
public struct CheckpointError: Error, CustomStringConvertible {
  public enum Kind: Sendable {
    /// Corrupt, truncated, or of a kind that is not supported.
    case unreadable
    /// It names code that would run if Python loaded it.
    case unsafe
    /// The tensors cannot be stored that way.
    case unstorable
  }

  public let kind: Kind
  public let path: String
  /// The record of the archive that is at fault.
  public let record: String?
  /// One sentence without the path.
  public let reason: String
  /// What to do, or what else is worth knowing; a line each.
  public let hints: [String]

  public init(
    _ path: String, record: String? = nil, _ reason: String, hints: [String] = [], kind: Kind = .unreadable
  ) {
    (self.kind, self.path, self.record, self.reason, self.hints) = (kind, path, record, reason, hints)
  }

  public var description: String {
    let place = record.map { "\(path): \($0)" } ?? path
    return (["\(place): \(reason)"] + hints.map { "  \($0)" }).joined(separator: "\n")
  }
}
