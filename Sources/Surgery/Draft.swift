public import Tensors

/// A state dict under the knife: views with their names so far and where they come from.
public struct Draft: Sendable {
  public struct Entry: Sendable {
    public var name: String
    /// The name in the input.
    public let origin: String
    public let tensor: Tensor
  }

  public var entries: [Entry]

  /// What a step has to say: near misses, names that it could not use.
  public var notes: [String] = []

  /// What a step did, in words that tell more than its summary: what it found out about the names, say.
  public var resolvedSummary: String?

  init(_ stateDict: StateDict) {
    entries = stateDict.entries.map { Entry(name: $0.name, origin: $0.name, tensor: $0.tensor) }
  }
}
