internal import Tensors

/// Whether each replica holds the original's tensors, bit for bit.
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

  init(of result: StateDict, _ prefixes: [String], with original: StateDict, _ originalPrefix: String) throws
  {
    var (compared, used, known) = (0, Set<String>(), Set<String>())
    var digests: [View: String] = [:]

    /// Four names on one storage are hashed once.
    func digest(_ tensor: Tensor) throws -> String {
      let view = View(tensor)
      if let found = digests[view] { return found }
      let new = try tensor.sha256()
      digests[view] = new
      return new
    }
    for prefix in prefixes {
      for entry in original.entries where entry.name.hasPrefix(originalPrefix) {
        let key = String(entry.name.dropFirst(originalPrefix.count))
        guard let copy = result[prefix + key] else {
          if key.hasPrefix("stages.") || key.hasPrefix("downsample_layers.") { missing.append(prefix + key) }
          continue
        }
        compared += 1
        used.insert(entry.name)
        known.insert(prefix + key)
        let isSame =
          try copy.dtype == entry.tensor.dtype && copy.shape == entry.tensor.shape
          && digest(copy) == digest(entry.tensor)
        if !isSame { different.append(prefix + key) }
      }
    }
    (replicas, self.compared) = (prefixes.count, compared)
    unknown = result.names.filter { !known.contains($0) }
    dropped = original.names.filter { !used.contains($0) }
  }

  var passed: Bool { different.isEmpty && missing.isEmpty }

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
