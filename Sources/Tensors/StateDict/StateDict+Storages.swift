internal import SutureBytes

/// A storage, and the names of the tensors that view it.
public struct StorageUse: Sendable {
  public let storage: Storage
  public fileprivate(set) var names: [String] = []
}

extension StateDict {
  /// How many bytes views would take in full that repeat many times what they view, each name's by itself.
  ///
  /// A few bytes can describe terabytes.
  public var expandedByteCount: Int {
    entries.reduce(0) { sum, entry in
      let tensor = entry.tensor
      guard tensor.hasElements, tensor.byteCount / 16 > tensor.byteExtent.count else { return sum }
      return sum.adding(saturating: tensor.byteCount)
    }
  }

  /// The storages in the order of their first use, with the tensors on each.
  public var storageUses: [StorageUse] {
    var uses: [StorageUse] = []
    var places = StoragePlaces(capacity: entries.count)
    for entry in entries {
      for storage in entry.tensor.storages {
        let place = places.note(storage, at: uses.count) ?? uses.count
        if place == uses.count { uses.append(StorageUse(storage: storage)) }
        if uses[place].names.last != entry.name { uses[place].names.append(entry.name) }
      }
    }
    return uses
  }
}
