/// What a stream wants to come back to, by the numbers that it gives.
///
/// Python numbers from 0 on without a gap, so that an array does; what a stream numbers otherwise is kept apart.
struct PickleMemo {
  private var dense: [PickleID] = []
  private var sparse: [Int: PickleID] = [:]

  /// Takes room for about so many; what is not used costs nothing.
  mutating func expect(_ count: Int) { dense.reserveCapacity(count) }

  var count: Int { dense.count + sparse.count }

  subscript(key: Int) -> PickleID? {
    get { dense.indices.contains(key) ? dense[key] : sparse[key] }
    set {
      guard let newValue else { return }
      if dense.indices.contains(key) {
        dense[key] = newValue
      } else if key == dense.count {
        if !sparse.isEmpty { sparse[key] = nil }
        dense.append(newValue)
      } else {
        sparse[key] = newValue
      }
    }
  }
}
