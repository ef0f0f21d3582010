/// How much a document may ask of the parser.
public struct JSONLimits: Sendable {
  /// How many arrays and objects may enclose a value.
  public var depth: Int

  /// How many values there may be: one takes a byte or two of the document, but some thirty of memory.
  public var values: Int

  /// Limits that every checkpoint in the field keeps.
  public init(depth: Int = 64, values: Int = 16_000_000) { (self.depth, self.values) = (depth, values) }
}
