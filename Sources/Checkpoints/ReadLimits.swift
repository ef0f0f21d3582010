public import SuturePickle

/// How much a file may ask for before it is refused as a bomb.
///
/// The defaults leave ample room over the largest checkpoints known; none allows memory that the file's own size does
/// not justify.
public struct ReadLimits: Sendable, Equatable {
  public var pickle = PickleLimits()
  /// How deep dicts, lists and objects may nest.
  public var depth = 1000
  /// How many paths may lead through the object; shared values count once for each.
  public var paths = 500_000
  /// How many bytes all paths may take together.
  public var pathBytes = 1 << 28
  /// How many records an archive may have.
  public var records = 2_000_000

  /// How many times its compressed size a large pickle may have.
  public var inflation = 200

  /// Whether storages are compared with their checksums; no limit, but a matter of trust as well.
  public var verifies = true

  /// Whether a file whose pickle calls something harmful gives the tensors that do not depend on the call.
  public var salvages = false

  public init() {}

  /// How many paths may lead through an object of so many values: one that shares none has no more than it has values.
  func paths(of valueCount: Int) -> Int {
    paths == ReadLimits().paths ? max(paths, valueCount) : paths
  }

  /// The limits by the names under which a user raises them.
  public static var names: [(name: String, path: WritableKeyPath<ReadLimits, Int>, meaning: String)] {
    [
      ("pickle-bytes", \.pickle.streamBytes, "bytes of a pickle"),
      ("opcodes", \.pickle.opcodes, "opcodes of a pickle"),
      ("values", \.pickle.values, "values in a pickle"),
      ("memo", \.pickle.memo, "memo slots"),
      ("marks", \.pickle.marks, "MARKs open at a time"),
      ("name-bytes", \.pickle.globalName, "bytes in the name of a class"),
      ("digits", \.pickle.decimalDigits, "digits of a number in text"),
      ("depth", \.depth, "levels of nesting"),
      ("paths", \.paths, "paths through the object"),
      ("path-bytes", \.pathBytes, "bytes of all paths together"),
      ("records", \.records, "records of an archive"),
      ("inflation", \.inflation, "times that a compressed pickle may grow"),
    ]
  }
}
