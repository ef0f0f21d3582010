package import SutureBytes
internal import SutureJSON
internal import SuturePickle
package import SutureTensors
internal import SutureZipArchive
internal import SutureText

/// Plans files as `torch.save` writes them, record for record.
///
/// A storage is written once, however many tensors view it, so four names for one tensor cost one tensor. The
/// bytes depend on the tensors alone: no time, no host and no file name goes in.
package enum TorchWriter {
  /// Records that torch ignores: the runs of this tool that made the file, and the metadata of a safetensors file.
  static let provenanceRecord = ".suture/provenance.json"
  static let metadataRecord = ".suture/metadata.json"

  /// What a file will hold.
  public struct Contents {
    public let plan: OutputPlan
    public let storageCount: Int
  }

  /// Lays a file out.
  ///
  /// - Parameters:
  ///   - object: what the file is to hold beside the state dict, and where that stands in it; `nil` for nothing.
  ///   - keepsStorages: whether bytes that no tensor views are written too.
  ///   - name: what errors call the file.
  /// - Throws: `Failure` where torch could not be made to load a tensor.
  public static func plan(
    _ stateDict: StateDict, in object: PlainObject? = nil, provenance: Provenance? = nil,
    keepsStorages: Bool = false, name: String = "a .pth"
  ) throws -> Contents {
    var known: Set<DType> = []
    for entry in stateDict.entries {
      if known.insert(entry.tensor.dtype).inserted, TorchDType.named("torch.\(entry.tensor.dtype)") == nil {
        throw Failure(
          in: name, "\(entry.name) is a \(entry.tensor.dtype) tensor, and torch has no such dtype",
          remedies: ["drop it, or write a .safetensors"], kind: .doesNotFit)
      }
      guard case .meta = entry.tensor.layout else { continue }
      throw Failure(
        in: name, "\(entry.name) is a meta tensor: it has a dtype and a shape, but no elements",
        remedies: ["drop it, or take a file that was saved with its weights"], kind: .doesNotFit)
    }
    let root = (object?.root ?? .stateDict).filled(with: stateDict)
    let packing = StoragePacking(root.tensors, keepsUnused: keepsStorages)
    let packed = try root.mapTensors { try packing($0) }
    let tensors = packed.tensors
    let storages = StorageTable(tensors)
    try check(tensors, storages, name: name)

    var archive = StoredArchivePlan(prefix: "archive")
    var pickler = Pickler()
    pickler.value(packed, storages)
    try archive.add("data.pkl", pickler.finish())
    try archive.add(".format_version", Array("1".utf8))
    try archive.add(".storage_alignment", Array("64".utf8))
    try archive.add("byteorder", Array("little".utf8))
    for (key, storage) in storages.storages.enumerated() { try archive.add("data/\(key)", storage) }
    try archive.add("version", Array("3\n".utf8))
    let metadata = stateDict.metadata.filter { $0 != ("format", "pt") }
    if !metadata.isEmpty {
      let members = metadata.map { (key: $0.key, value: JSONValue.string($0.value)) }
      try archive.add(metadataRecord, JSONWriter.bytes(.object(members)))
    }
    if var provenance {
      provenance.order = nil
      try archive.add(provenanceRecord, Array(provenance.text.utf8))
    }
    return Contents(
      plan: try archive.finish(identity: ".data/serialization_id"), storageCount: storages.storages.count)
  }

  /// Throws where a tensor is one that torch could not be made to load.
  private static func check(_ tensors: [Tensor], _ storages: StorageTable, name: String) throws {
    for tensor in tensors where tensor.dtype.isQuantized && storages.type(of: tensor.storage) == nil {
      throw Failure(
        in: name,
        "a \(tensor.dtype) tensor shares its storage with a tensor of another dtype, which torch cannot load",
        remedies: ["drop one of them"], kind: .doesNotFit)
    }
  }
}
