internal import SutureBytes
public import SutureTensors
internal import SutureText

/// Whether each replica of a backbone holds the original's tensors, bit for bit.
///
/// Each `ConvNeXt_Block` reads one stage of its replica. What no forward pass reads may differ without harm: training moves
/// the stage that is read, and leaves the copies of it in the other replicas behind.
public struct ReplicaComparison: Sendable {
  /// How many replicas there are.
  public let replicas: Int
  /// Whether they were compared with an original, not with the first of them.
  public let isAgainstOriginal: Bool
  /// The dtype in which the original was compared, where that is not its own: what `load_state_dict` makes of it.
  public internal(set) var castTo: DType?
  /// How many tensors were compared.
  public private(set) var compared = 0
  /// Names that a forward pass reads, and whose dtype, shape or elements differ.
  public private(set) var different: [String] = []
  /// Names that differ, and that nothing reads.
  public private(set) var differentUnread: [String] = []
  /// Names that a replica lacks though another part of its backbone is there.
  public private(set) var missing: [String] = []
  /// Names in the result that no tensor of the original stands behind.
  public private(set) var unknown: [String] = []
  /// Names of the original that no replica has: what surgery dropped.
  public private(set) var dropped: [String] = []

  /// Whether all that a forward pass reads is there, and the same.
  public var passed: Bool { different.isEmpty && missing.isEmpty }

  /// Compares the replicas of `result` under `prefixes` with the backbone of `original` under `originalPrefix`.
  ///
  /// - Parameter read: the names that a forward pass reads.
  /// - Throws: what reading throws.
  public init(
    of result: StateDict, under prefixes: [String], with original: StateDict, under originalPrefix: String,
    reading read: some Collection<String>
  ) throws {
    (replicas, isAgainstOriginal) = (prefixes.count, true)
    let read = Set(read.map(ExactString.init))
    var (used, known) = (Set<String>(), Set<String>())
    for entry in original.entries where entry.name.hasPrefix(originalPrefix) {
      let key = String(entry.name.dropFirst(originalPrefix.count))
      let (found, lacking) = try compare(entry.tensor, with: prefixes.map { $0 + key }, of: result)
      missing += lacking.filter { read.contains(ExactString($0)) }
      if !found.isEmpty { used.insert(entry.name) }
      known.formUnion(found)
    }
    unknown = result.names.filter { !known.contains($0) }
    dropped = original.names.filter { !used.contains($0) }
    // A backbone that stands alone is the original's whole.
    if prefixes.count == 1 { return }
    differentUnread = different.filter { !read.contains(ExactString($0)) }
    different.removeAll { !read.contains(ExactString($0)) }
  }

  /// Compares the replicas of `result` under `prefixes` with the first of them.
  ///
  /// Of each tensor only one replica's is read, so that none is wrong for being another.
  ///
  /// - Throws: what reading throws.
  public init(among prefixes: [String], of result: StateDict) throws {
    (replicas, isAgainstOriginal) = (prefixes.count, false)
    for entry in result.entries where entry.name.hasPrefix(prefixes[0]) {
      let key = entry.name.dropFirst(prefixes[0].count)
      _ = try compare(entry.tensor, with: prefixes.dropFirst().map { $0 + key }, of: result)
    }
    (differentUnread, different) = (different, [])
  }

  /// Compares a tensor with those of `names` that are there, and gives these names and the others.
  private mutating func compare(
    _ tensor: Tensor, with names: [String], of result: StateDict
  ) throws -> (found: [String], lacking: [String]) {
    var truth = ComparedTensor(tensor)
    let found = names.filter { result[$0] != nil }
    for name in found {
      if let copy = result[name], try !truth.isSame(as: copy) { different.append(name) }
    }
    compared += found.count
    return (found, names.filter { result[$0] == nil })
  }
}

/// A tensor that several others are compared with.
private struct ComparedTensor {
  private let tensor: Tensor
  private var bytes: [UInt8]?
  /// What has been found the same: four names on one storage are read once.
  private var same: Set<ViewIdentity>

  init(_ tensor: Tensor) { (self.tensor, same) = (tensor, [ViewIdentity(tensor)]) }

  mutating func isSame(as other: Tensor) throws -> Bool {
    guard other.dtype == tensor.dtype, other.shape == tensor.shape else { return false }
    if same.contains(ViewIdentity(other)) { return true }
    let ours = try bytes ?? tensor.contiguousBytes()
    bytes = ours
    var (position, isSame) = (0, true)
    try other.forEachChunk { buffer, count in
      isSame = isSame && buffer.isSame(as: ours, from: position, count: count)
      position += count
    }
    if isSame { same.insert(ViewIdentity(other)) }
    return isSame
  }
}
