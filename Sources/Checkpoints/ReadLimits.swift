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
  public var pathBytes = 1 << 26
  /// How many bytes a key may have that is part of a name.
  public var keyBytes = 1 << 20
  /// How many records an archive may have.
  public var records = 2_000_000

  /// How many times the size of the file what is inflated of it into memory may have.
  public var inflation = 8

  /// Whether storages are compared with their checksums; no limit, but a matter of trust as well.
  public var verifies = true

  /// Whether a file whose pickle calls something harmful gives the tensors that do not depend on the call.
  public var salvages = false

  /// Which of the steps in a folder is opened, by its number or the name of its folder; no limit either.
  public var step: String?

  public init() {}

  /// How many paths may lead through an object of so many values: plain data in number is one, and what else stands at the
  /// end of a path is made of several values.
  func paths(of valueCount: Int) -> Int {
    paths == ReadLimits().paths ? max(paths, valueCount / 4) : paths
  }

  /// How many values may be made plain data of, where each counts that many paths lead to.
  func plainValues(of valueCount: Int) -> Int {
    paths == ReadLimits().paths ? max(paths, valueCount) : paths
  }

  /// How many bytes the paths may take through an object whose pickle is so long: there, each stands with what it leads to.
  func pathBytes(of streamByteCount: Int) -> Int {
    pathBytes == ReadLimits().pathBytes ? max(pathBytes, streamByteCount) : pathBytes
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
      ("key-bytes", \.keyBytes, "bytes of a key in a name"),
      ("records", \.records, "records of an archive"),
      ("inflation", \.inflation, "times the file's size that what is inflated may have"),
    ]
  }
}
