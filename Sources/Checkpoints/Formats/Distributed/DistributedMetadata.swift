internal import SutureBytes
internal import SuturePickle
internal import SutureTensors
internal import SutureText

// `.metadata` is one pickle with no container around it:
//
//   Metadata             state_dict_metadata   {name: TensorStorageMetadata | BytesStorageMetadata}
//                        planner_data          {name: (key or index, …)}, the path in the nested state dict; may be None
//                        storage_data          {MetadataIndex: _StorageInfo}
//   TensorStorageMetadata    properties        TensorProperties, whose state is (dtype, layout, …)
//                            size              torch.Size
//                            chunks            [ChunkStorageMetadata]: offsets, sizes
//   MetadataIndex            fqn, offset       offset is absent or None for values that are no tensors
//   _StorageInfo             relative_path, offset, length, transform_descriptors
//
// The modules of these classes have moved between releases, and programs that build on them derive their own; what counts
// is what they hold. Anything else is inert.

/// What the `.metadata` of a folder of `torch.distributed.checkpoint` says: which item of which file holds what.
struct DistributedMetadata {
  /// Where an item lies.
  struct Place {
    let file: String
    let range: (offset: Int, length: Int)
    /// What was done to the item's bytes, such as a compression.
    let transforms: [String]
  }

  /// A rectangle of a tensor, and where its item lies; `nil` where nothing is said of that.
  struct Chunk {
    let box: TensorBox
    let place: Place?
  }

  enum Entry {
    case tensor(dtype: DType, shape: [Int], chunks: [Chunk])
    /// A Python value.
    case value(Place?)
    /// Something of a class that is not known.
    case unknown(className: String)
  }

  /// In the order of the state dict that was saved, where that is known.
  let entries: [(name: String, entry: Entry)]
  /// The keys that lead to each in the nested state dict.
  let paths: [ExactString: [String]]
  let globals: [Checkpoint.Global]
  /// The files that hold anything.
  let files: Set<ExactString>

  /// Reads it; nothing in it is looked up or called.
  init(_ file: any ByteSource, _ limits: ReadLimits) throws {
    let location = PickleLocation(path: file.name)
    let graph: PickleGraph
    do { graph = try Unpickler.load(file, at: 0, limits: limits.pickle) } catch let error as PickleError {
      throw location.failure(error, usually: "the file is damaged or cut short: fetch it again")
    }
    globals = try graph.refuseHarm(location, limits).globals
    var reader = MetadataReader(graph: graph, location: location)
    try reader.read()
    (entries, paths, files) = (reader.entries, reader.paths, reader.files)
  }
}

/// Takes from a pickle what the metadata says; the pickle, many times as large, is not kept.
private struct MetadataReader {
  typealias Place = DistributedMetadata.Place
  typealias Chunk = DistributedMetadata.Chunk
  typealias Entry = DistributedMetadata.Entry

  let graph: PickleGraph
  let location: PickleLocation
  private(set) var entries: [(name: String, entry: Entry)] = []
  private(set) var paths: [ExactString: [String]] = [:]
  private(set) var files: Set<ExactString> = []

  init(graph: PickleGraph, location: PickleLocation) { (self.graph, self.location) = (graph, location) }

  mutating func read() throws {
    guard
      let listed = graph.attribute("state_dict_metadata", of: graph.root).flatMap({ graph.namedItems($0) })
    else {
      throw malformed(
        "it is no metadata of torch.distributed.checkpoint: there is no state_dict_metadata in it")
    }
    let places = try readPlaces()
    readPaths()
    var order: [ExactString: Int] = [:]
    if let planned = graph.attribute("planner_data", of: graph.root).flatMap({ graph.namedItems($0) }) {
      for (index, item) in planned.enumerated() { order[ExactString(item.name)] = index }
    }
    var seen: Set<ExactString> = []
    for (name, id) in listed {
      guard seen.insert(ExactString(name)).inserted else {
        throw malformed("it lists \(name.shownName) twice", at: id)
      }
      entries.append((name, try entry(name, id, places)))
    }
    entries = entries.enumerated().sorted { one, other in
      let last = Int.max
      return (order[ExactString(one.element.name)] ?? last, one.offset)
        < (order[ExactString(other.element.name)] ?? last, other.offset)
    }.map(\.element)
  }

  private func entry(_ name: String, _ id: PickleID, _ places: [Key: Place]) throws -> Entry {
    let className = graph.shortClassName(id)
    guard let size = graph.attribute("size", of: id), let properties = graph.attribute("properties", of: id),
      let listed = graph.attribute("chunks", of: id).flatMap({ graph.items($0) })
    else {
      return className == "BytesStorageMetadata"
        ? .value(places[Key(name: name, offset: nil)])
        : .unknown(className: className.isEmpty ? graph[id].kind : className)
    }
    guard let shape = graph.integers(size) else {
      throw malformed("the size of \(name.shownName) is no torch.Size", at: id)
    }
    let chunks = try listed.map { chunk in
      guard let start = graph.attribute("offsets", of: chunk).flatMap({ graph.integers($0) }),
        let sizes = graph.attribute("sizes", of: chunk).flatMap({ graph.integers($0) })
      else { throw malformed("a chunk of \(name.shownName) has no offsets or sizes", at: chunk) }
      return Chunk(
        box: TensorBox(start: start, sizes: sizes), place: places[Key(name: name, offset: start)])
    }
    return .tensor(dtype: try dtype(properties, name), shape: shape, chunks: chunks)
  }

  /// The dtype is the first of a tuple, or has a name.
  private func dtype(_ properties: PickleID, _ name: String) throws -> DType {
    var id = graph.attribute("dtype", of: properties)
    if id == nil, case .object(let object) = graph[properties] {
      id = object.states.last.flatMap { graph.items($0) }?.first
    }
    guard let word = id.flatMap({ graph.globalName($0) }), let dtype = TorchDType.named(word) else {
      let word = id.flatMap { graph.globalName($0) } ?? "unknown"
      throw malformed(
        "\(name.shownName) is of dtype \(word.shownName), which is not supported", at: properties)
    }
    return dtype
  }

  /// Which item is meant: what `MetadataIndex` compares.
  private struct Key: Hashable {
    let name: ExactString
    let offset: [Int]?

    init(name: String, offset: [Int]?) { (self.name, self.offset) = (ExactString(name), offset) }
  }

  private mutating func readPlaces() throws -> [Key: Place] {
    guard let pairs = graph.attribute("storage_data", of: graph.root).flatMap({ graph.pairs($0) }) else {
      throw malformed("it does not say where anything lies: there is no storage_data in it")
    }
    var places: [Key: Place] = [:]
    for (index, info) in pairs {
      guard let name = graph.attribute("fqn", of: index).flatMap({ graph.string($0) }) else {
        throw malformed("an index of an item names nothing", at: index)
      }
      guard let file = graph.attribute("relative_path", of: info).flatMap({ graph.string($0) }),
        let offset = graph.attribute("offset", of: info).flatMap({ graph.int($0) }),
        let length = graph.attribute("length", of: info).flatMap({ graph.int($0) })
      else { throw malformed("it does not say where an item of \(name.shownName) lies", at: info) }
      let transforms = graph.attribute("transform_descriptors", of: info).flatMap { graph.items($0) } ?? []
      let start = graph.attribute("offset", of: index).flatMap { graph.integers($0) }
      places[Key(name: name, offset: start)] = Place(
        file: file, range: (offset, length), transforms: transforms.map { graph.string($0) ?? graph[$0].kind }
      )
      files.insert(ExactString(file))
    }
    return places
  }

  private mutating func readPaths() {
    guard let planned = graph.attribute("planner_data", of: graph.root).flatMap({ graph.namedItems($0) })
    else { return }
    for (name, id) in planned {
      let keys = graph.items(id)?.compactMap { graph.key($0) } ?? []
      if !keys.isEmpty { paths[ExactString(name)] = keys }
    }
  }

  private func malformed(_ reason: String, at id: PickleID? = nil) -> Failure {
    location.failure(
      reason, at: id.map { graph.offset(of: $0) }, remedies: ["the file is damaged, or made to mislead"])
  }
}
