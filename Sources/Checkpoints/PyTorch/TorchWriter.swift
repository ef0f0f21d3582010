public import Bytes
internal import Pickle
public import Tensors
internal import ZipArchive

/// Writes a state dict as `torch.save` does, record for record.
///
/// A storage is written once, however many tensors view it, so four names for one tensor cost one tensor. The
/// bytes depend on the state dict alone: no time, no host and no file name goes in.
public enum TorchWriter {
  /// How many bytes the storages take in the file.
  public static func payloadByteCount(_ stateDict: StateDict) -> Int {
    stateDict.storages.reduce(0) { $0 &+ $1.byteCount }
  }

  /// Writes the archive.
  ///
  /// - Parameter progress: is told how many more bytes have been written.
  public static func write(
    _ stateDict: StateDict, to output: OutputFile, progress: (Int) -> Void = { _ in }
  ) throws {
    let archive = StoredArchiveWriter(output, prefix: "archive")
    let storages = StorageTable(stateDict)
    try archive.add("data.pkl", pickle(stateDict, storages))
    try archive.add(".format_version", Array("1".utf8))
    try archive.add(".storage_alignment", Array("64".utf8))
    try archive.add("byteorder", Array("little".utf8))
    for (key, storage) in storages.storages.enumerated() {
      try archive.add("data/\(key)", size: storage.byteCount) { sink in
        try storage.forEachChunk { buffer, count in
          try sink(buffer, count)
          progress(count)
        }
      }
    }
    try archive.add("version", Array("3\n".utf8))
    try archive.add(".data/serialization_id", Array(archive.serializationID.utf8))
    try archive.finish()
  }

  private static func pickle(_ stateDict: StateDict, _ storages: StorageTable) -> [UInt8] {
    var pickler = Pickler()
    emptyOrderedDict(&pickler)
    pickler.mark()
    for entry in stateDict.entries {
      pickler.string(entry.name)
      rebuild(entry.tensor, storages, &pickler)
    }
    pickler.setItems()
    return pickler.finish()
  }

  private static func rebuild(_ tensor: Tensor, _ storages: StorageTable, _ pickler: inout Pickler) {
    let type = storages.type(of: tensor.storage)
    pickler.global("torch._utils", type == nil ? "_rebuild_tensor_v3" : "_rebuild_tensor_v2")
    pickler.mark()
    pickler.mark()
    pickler.string("storage")
    if let type, let name = TorchDType.storageClass(of: type) {
      pickler.global("torch", name)
    } else {
      pickler.global("torch.storage", "UntypedStorage")
    }
    pickler.string(storages.key(of: tensor.storage))
    pickler.string("cpu")
    pickler.int(tensor.storage.byteCount / (type?.byteCount ?? 1))
    pickler.tuple()
    pickler.persistentID()
    pickler.int(tensor.offset)
    pickler.tuple(tensor.shape)
    pickler.tuple(tensor.strides)
    pickler.bool(false)
    emptyOrderedDict(&pickler)
    if type == nil {
      pickler.global("torch", tensor.dtype.rawValue)
    }
    pickler.tuple()
    pickler.reduce()
  }

  private static func emptyOrderedDict(_ pickler: inout Pickler) {
    pickler.global("collections", "OrderedDict")
    pickler.emptyTuple()
    pickler.reduce()
  }
}

/// Gives storages their keys, in the order of first use, and their storage class.
private struct StorageTable {
  let storages: [Storage]
  private var keys: [ObjectIdentifier: Int] = [:]
  private var types: [ObjectIdentifier: DType?] = [:]

  init(_ stateDict: StateDict) {
    storages = stateDict.storages
    for (key, storage) in storages.enumerated() { keys[ObjectIdentifier(storage)] = key }
    for entry in stateDict.entries {
      let (id, dtype) = (ObjectIdentifier(entry.tensor.storage), entry.tensor.dtype)
      // A typed storage has one dtype, of which it holds a whole number: torch takes the first it meets for all.
      let fits =
        TorchDType.storageClass(of: dtype) != nil && entry.tensor.storage.byteCount % dtype.byteCount == 0
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
