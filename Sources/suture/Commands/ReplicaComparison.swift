internal import Glibc
internal import SutureTensors

/// Whether each replica of a backbone holds the original's tensors, bit for bit.
struct ReplicaComparison {
  let replicas: Int
  /// How many tensors were compared.
  let compared: Int
  /// Names whose dtype, shape or bytes differ.
  private(set) var different: [String] = []
  /// Names that a replica lacks though another part of its backbone is there.
  private(set) var missing: [String] = []
  /// Names in the result that no tensor of the original stands behind.
  private(set) var unknown: [String] = []
  /// Names of the original that no replica has: what surgery dropped.
  private(set) var dropped: [String] = []

  /// Compares the replicas of `result` under `prefixes` with the backbone of `original`.
  init(of result: StateDict, _ prefixes: [String], with original: StateDict, _ originalPrefix: String) throws
  {
    var (compared, used, known) = (0, Set<String>(), Set<String>())
    for entry in original.entries where entry.name.hasPrefix(originalPrefix) {
      let key = String(entry.name.dropFirst(originalPrefix.count))
      var truth = Elements(entry.tensor)
      for prefix in prefixes {
        guard let copy = result[prefix + key] else {
          if key.hasPrefix("stages.") || key.hasPrefix("downsample_layers.") { missing.append(prefix + key) }
          continue
        }
        compared += 1
        used.insert(entry.name)
        known.insert(prefix + key)
        if try !truth.areSame(as: copy) { different.append(prefix + key) }
      }
    }
    (replicas, self.compared) = (prefixes.count, compared)
    unknown = result.names.filter { !known.contains($0) }
    dropped = original.names.filter { !used.contains($0) }
  }

  /// Compares the replicas of `result` with the first of them.
  init(among prefixes: [String], of result: StateDict) throws {
    let first = prefixes[0]
    let others = Array(prefixes.dropFirst())
    var (compared, known) = (0, Set<String>())
    for entry in result.entries where entry.name.hasPrefix(first) {
      let key = String(entry.name.dropFirst(first.count))
      var truth = Elements(entry.tensor)
      known.insert(entry.name)
      for prefix in others {
        guard let copy = result[prefix + key] else {
          missing.append(prefix + key)
          continue
        }
        compared += 1
        known.insert(prefix + key)
        if try !truth.areSame(as: copy) { different.append(prefix + key) }
      }
    }
    (replicas, self.compared) = (prefixes.count, compared)
  }

  var passed: Bool { different.isEmpty && missing.isEmpty }

  /// A tensor that several others are compared with.
  private struct Elements {
    private let tensor: Tensor
    private var bytes: [UInt8]?
    /// What has been found the same: four names on one storage are read once.
    private var same: Set<View>

    init(_ tensor: Tensor) { (self.tensor, same) = (tensor, [View(tensor)]) }

    mutating func areSame(as other: Tensor) throws -> Bool {
      guard other.dtype == tensor.dtype, other.shape == tensor.shape else { return false }
      if same.contains(View(other)) { return true }
      let ours = try bytes ?? tensor.contiguousBytes()
      bytes = ours
      var (position, isSame) = (0, true)
      try other.forEachChunk { buffer, count in
        isSame =
          isSame
          && ours.withUnsafeBytes { ours in
            buffer.withUnsafeBytes { theirs in
              guard count > 0, let ours = ours.baseAddress, let theirs = theirs.baseAddress else {
                return true
              }
              return memcmp(ours + position, theirs, count) == 0
            }
          }
        position += count
      }
      if isSame { same.insert(View(other)) }
      return isSame
    }
  }

  /// A tensor's place, so that aliases are recognised.
  private struct View: Hashable {
    let storage: ObjectIdentifier
    let offset: Int
    let shape: [Int]
    let strides: [Int]
    let dtype: DType

    init(_ tensor: Tensor) {
      storage = ObjectIdentifier(tensor.storage)
      (offset, shape, strides, dtype) = (tensor.offset, tensor.shape, tensor.strides, tensor.dtype)
    }
  }
}
