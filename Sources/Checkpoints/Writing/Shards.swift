internal import SutureBytes
internal import SutureJSON
internal import SutureTensors
internal import SutureText

// A sharded checkpoint, as Hugging Face names it:
//
//   model-00001-of-00002.safetensors         pytorch_model-00001-of-00002.bin
//   model-00002-of-00002.safetensors         pytorch_model-00002-of-00002.bin
//   model.safetensors.index.json             pytorch_model.bin.index.json
//
// The index says which file holds which tensor; names that a safetensors file records as another's are in none.

/// A state dict, cut into the files of a sharded checkpoint.
struct Shards {
  let parts: [StateDict]
  /// How many bytes of tensors all parts have together.
  private let byteCount: Int

  /// Cuts `stateDict` so that no part has more than `limit` bytes, but for one that is a single tensor.
  ///
  /// The parts are those of Hugging Face's own rule: in the order of the entries, a new part where the next does not fit,
  /// and a part of its own for what fits in none.
  ///
  /// - Parameter keepsTogether: whether entries that share a storage, which is then counted once, go into one part.
  init(_ stateDict: StateDict, limit: Int, keepsTogether: Bool) throws {
    let packing = StoragePacking(stateDict.entries.map(\.tensor))
    var parts: [[Int]] = []
    var current: [Int] = []
    var currentSize = 0
    let groups = try Self.groups(stateDict, packing, keepsTogether)
    byteCount = groups.reduce(0) { $0.adding(saturating: $1.size) }
    for group in groups {
      if group.size > limit {
        parts.append(group.members)
        continue
      }
      if currentSize + group.size > limit, !current.isEmpty {
        parts.append(current)
        (current, currentSize) = ([], 0)
      }
      current += group.members
      currentSize += group.size
    }
    if !current.isEmpty || parts.isEmpty { parts.append(current) }
    self.parts = try parts.map { members in
      var part = try StateDict(members.sorted().map { stateDict.entries[$0] })
      part.metadata = stateDict.metadata
      return part
    }
  }

  private static func groups(_ stateDict: StateDict, _ packing: StoragePacking, _ keepsTogether: Bool) throws
    -> [(members: [Int], size: Int)]
  {
    let entries = stateDict.entries
    guard keepsTogether else { return entries.indices.map { ([$0], entries[$0].tensor.storedByteCount) } }
    var places: [ObjectIdentifier: Int] = [:]
    var groups: [(members: [Int], size: Int)] = []
    for (index, entry) in entries.enumerated() {
      let storages = try packing(entry.tensor).storages
      let known = storages.lazy.compactMap { places[ObjectIdentifier($0)] }.first
      let place = known ?? groups.count
      if known == nil { groups.append(([], 0)) }
      groups[place].members.append(index)
      for storage in storages where places.updateValue(place, forKey: ObjectIdentifier(storage)) == nil {
        groups[place].size = groups[place].size.adding(saturating: storage.byteCount)
      }
    }
    return groups
  }

  /// The name of part `index` of `count`, beside `path`, which a single file would have.
  static func path(_ path: String, index: Int, count: Int) -> String {
    if count == 1 { return path }
    let folder = folder(of: path)
    let name = path.dropFirst(folder.count)
    let dot = name.lastIndex(of: ".") ?? name.endIndex
    func digits(_ number: Int) -> String {
      let text = String(number)
      return String(repeating: "0", count: max(0, 5 - text.count)) + text
    }
    return "\(folder)\(name[..<dot])-\(digits(index + 1))-of-\(digits(count))\(name[dot...])"
  }

  static func indexPath(_ path: String) -> String { path + ".index.json" }

  /// What a file of the checkpoint holds.
  struct Stored {
    let file: String
    /// The names of the tensors that it stores.
    let names: [String]
    /// The names that it records as another's.
    let others: [String]
  }

  /// The index, its names in the order of the state dict.
  ///
  /// - Parameter provenance: is written with the order of the names that are in no index.
  func index(_ stateDict: StateDict, stored: [Stored], provenance: Provenance?) -> [UInt8] {
    var files: [ExactString: String] = [:]
    for part in stored { for name in part.names { files[ExactString(name)] = part.file } }
    let listed = stateDict.names.filter { files[ExactString($0)] != nil }
    let map = listed.compactMap { name in
      files[ExactString(name)].map { (key: name, value: JSONValue.string($0)) }
    }
    var metadata: [(key: String, value: JSONValue)] = [("total_size", .integer(byteCount))]
    if var provenance {
      // In the order of the map's files, as they are read.
      var seen: Set<String> = []
      let order = listed.compactMap { files[ExactString($0)] }.filter { seen.insert($0).inserted }
      let others = order.flatMap { file in stored.first { $0.file == file }?.others ?? [] }
      provenance.order = Provenance.order(of: stateDict.names, readAs: listed + others)
      metadata.append((Provenance.metadataKey, .string(provenance.text)))
    }
    let index: JSONValue = ["metadata": .object(metadata), "weight_map": .object(map)]
    return JSONWriter.bytes(index, style: .pretty) + [UInt8(ascii: "\n")]
  }
}
