internal import SutureBytes
internal import SuturePickle
internal import SutureTensors
internal import SutureText

/// Storages that are pickled as a file in the file.
///
/// `pickle.dump` of a tensor, unlike `torch.save`, calls `torch.storage._load_from_bytes(bytes)`, and the bytes are a
/// checkpoint of the format before 1.6 whose object is one storage. They are read by the same rules as any file.
final class NestedStorages {
  static let loader = "torch.storage._load_from_bytes"

  private let depth: Int
  private let limits: ReadLimits
  private var known: [PickleID: (StorageReference, Storage)] = [:]

  init(depth: Int = 0, limits: ReadLimits) { (self.depth, self.limits) = (depth, limits) }

  func storage(_ bytes: [UInt8], id: PickleID, _ location: PickleLocation) throws -> (
    StorageReference, Storage
  ) {
    if let found = known[id] { return found }
    // torch nests one level: the storage's own pickle names no other.
    guard depth < 2 else {
      throw location.failure("checkpoints nest in it")
    }
    let name = "\(location.path): a pickled storage"
    let file = try LegacyStream(MemorySource(bytes, name: name), limits: limits, nesting: depth + 1)
    let found = try file.rootStorage()
    known[id] = found
    return found
  }
}
