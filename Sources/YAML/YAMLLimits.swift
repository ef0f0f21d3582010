/// How much a document may ask of the reader.
public struct YAMLLimits: Sendable {
  /// How many bytes the document may have.
  public var bytes: Int

  /// How many sequences and mappings may enclose a node.
  ///
  /// A value of this depth is taken apart by recursion when it goes out of use, so thousands are too many.
  public var depth: Int

  /// How many nodes there may be; a key counts as one.
  public var nodes: Int

  /// Limits that every recipe and model file in the field keeps.
  public init(bytes: Int = 10_000_000, depth: Int = 64, nodes: Int = 100_000) {
    (self.bytes, self.depth, self.nodes) = (bytes, depth, nodes)
  }
}
