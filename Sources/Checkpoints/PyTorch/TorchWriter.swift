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
    try check(stateDict, storages, path: output.path)
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
    pickler.emptyOrderedDict()
    pickler.mark()
    for entry in stateDict.entries {
      pickler.string(entry.name)
      pickler.tensor(entry.tensor, storages)
    }
    pickler.setItems()
    return pickler.finish()
  }

  /// Throws where a tensor is one that torch could not be made to load.
  private static func check(_ stateDict: StateDict, _ storages: StorageTable, path: String) throws {
    for entry in stateDict.entries {
      let tensor = entry.tensor
      if case .meta = tensor.layout {
        throw CheckpointError(
          path, "\(entry.name) is a meta tensor: it has a dtype and a shape, but no elements",
          hints: ["drop it, or take a file that was saved with its weights"], kind: .unstorable)
      }
      guard tensor.dtype.isQuantized, storages.type(of: tensor.storage) == nil else { continue }
      throw CheckpointError(
        path, "\(entry.name) shares its storage with a tensor of another dtype, which torch cannot load",
        hints: ["drop one of them"], kind: .unstorable)
    }
  }
}

/// Gives storages their keys, in the order of first use, and their storage class.
struct StorageTable {
  let storages: [Storage]
  private var keys: [ObjectIdentifier: Int] = [:]
  private var types: [ObjectIdentifier: DType?] = [:]

  init(_ stateDict: StateDict) {
    storages = stateDict.storages
    for (key, storage) in storages.enumerated() { keys[ObjectIdentifier(storage)] = key }
    for view in stateDict.entries.flatMap(\.tensor.views) {
      let (id, dtype) = (ObjectIdentifier(view.storage), view.dtype)
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
