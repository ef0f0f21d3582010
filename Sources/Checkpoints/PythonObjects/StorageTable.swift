internal import SutureTensors

/// Gives storages their keys, in the order of first use, and their storage class.
struct StorageTable {
  private(set) var storages: [Storage] = []
  private var keys: [ObjectIdentifier: Int] = [:]
  private var types: [ObjectIdentifier: DType?] = [:]

  init(_ tensors: [Tensor]) {
    for view in tensors.flatMap(\.views) {
      let (id, dtype) = (ObjectIdentifier(view.storage), view.dtype)
      if keys[id] == nil {
        keys[id] = storages.count
        storages.append(view.storage)
      }
      // A typed storage has one dtype, of which it holds a whole number: torch takes the first it meets for all.
      let fits =
        TorchDType.storageClass(of: dtype) != nil && view.storage.byteCount % dtype.byteCount == 0
      if let known = types[id], known != dtype {
        types[id] = .some(nil)
      } else {
        types[id] = fits ? dtype : .some(nil)
      }
    }
  }

  func key(of storage: Storage) -> String { String(keys[ObjectIdentifier(storage)] ?? 0) }

  /// The dtype of a typed storage; `nil` for an untyped one.
  func type(of storage: Storage) -> DType? { types[ObjectIdentifier(storage)] ?? nil }
}
