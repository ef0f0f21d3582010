internal import SutureTensors

/// Gives storages their keys, in the order of first use, and their storage class.
struct StorageTable {
  private(set) var storages: [Storage] = []
  private var places: StoragePlaces
  /// The dtype of each that can be typed.
  private var types: [DType?] = []

  init(_ tensors: [Tensor]) {
    let views = tensors.views
    places = StoragePlaces(capacity: views.count)
    for view in views {
      let dtype = view.dtype
      // A typed storage has one dtype, of which it holds a whole number: torch takes the first it meets for all.
      let fits =
        TorchDType.storageClass(of: dtype) != nil && view.storage.byteCount % dtype.byteCount == 0
      if let place = places.note(view.storage, at: storages.count) {
        if types[place] != dtype || !fits { types[place] = nil }
      } else {
        storages.append(view.storage)
        types.append(fits ? dtype : nil)
      }
    }
  }

  func key(of storage: Storage) -> String { String(places.place(of: storage) ?? 0) }

  /// The dtype of a typed storage; `nil` for an untyped one.
  func type(of storage: Storage) -> DType? { places.place(of: storage).flatMap { types[$0] } }
}
