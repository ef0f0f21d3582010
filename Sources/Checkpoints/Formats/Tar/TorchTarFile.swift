internal import SutureBytes
internal import SuturePickle
internal import SutureTensors
internal import SutureText

// The tar archive that torch.save of PyTorch 0.1 wrote:
//
//   storages   a pickled count; for each: a pickled (key, location, class), the count of its elements in 8 bytes, the
//              elements; then a pickled list of views: (key, key of the whole, offset, element count)
//   tensors    a pickled count; for each: a pickled (key, key of its storage, class), the rank in 8 bytes, the sizes,
//              the strides and the offset in 8 bytes each, all little-endian
//   pickle     the object; a persistent id is the key of a tensor or of a storage, or (class, file, source)
//   sys_info   a dict about the machine

/// A checkpoint of PyTorch 0.1.
struct TorchTarFile {
  private let location: PickleLocation
  private let graph: PickleGraph
  private let references: TarReferences

  init(_ source: any ByteSource, _ archive: TarArchive, limits: ReadLimits) throws {
    func member(_ name: String) -> SourceSlice? {
      archive[name].map {
        SourceSlice(source, $0.offset..<($0.offset + $0.size), name: "\(source.name): \(name)")
      }
    }
    guard let pickle = member("pickle"), let storages = member("storages") else {
      throw Failure(in: source.name, "a tar archive without the files pickle and storages")
    }
    var references = TarReferences(path: source.name)
    try references.readStorages(storages, limits: limits)
    // Later versions of the layout, as others wrote it, describe tensors in the pickle.
    if let tensors = member("tensors") { try references.readTensors(tensors, limits: limits) }
    self.references = references
    location = PickleLocation(path: source.name, record: "pickle")
    var pickles = Pickles(pickle, limits)
    graph = try pickles.next()
  }
}

extension TorchTarFile: CheckpointFormat {
  // Many a checkpoint.pth.tar is no tar archive: PyTorch's tutorials call any checkpoint so.
  static let suffixes = [".tar"]

  static func open(_ input: CheckpointInput) throws -> Checkpoint? {
    guard let file = input.file, TarArchive.begins(with: input.head) else { return nil }
    let archive = try TarArchive(file)
    guard archive["pickle"] != nil, archive["storages"] != nil else {
      throw ForeignFile.tar(file.name, archive.members.map(\.name))
    }
    let tar = try TorchTarFile(file, archive, limits: input.limits)
    let object = PickledObject(
      graph: tar.graph, location: tar.location, references: tar.references, limits: input.limits)
    return Checkpoint(input, .pytorchTar, try object.contents(key: input.key, warnings: []))
  }
}

extension Checkpoint.Container {
  public static let pytorchTar = Self(rawValue: "pytorch-tar")
}

/// The storages and tensors of a tar file, by their keys.
struct TarReferences: References {
  let path: String
  private var storages: [String: (storage: Storage, dtype: DType)] = [:]
  private var tensors: [String: Tensor] = [:]

  init(path: String) { self.path = path }

  var namesClasses: Bool { true }

  func tensor(_ key: String) -> Tensor? { tensors[key] }

  func storage(_ reference: StorageReference) throws -> Storage {
    guard let found = storages[reference.key] else {
      throw Failure(
        in: path, record: "storages", "storage \(reference.key.prefix(40)) is missing")
    }
    return try reference.part(of: found.storage) { Failure(in: path, record: "storages", $0) }
  }

  mutating func readStorages(_ source: any ByteSource, limits: ReadLimits) throws {
    var pickles = Pickles(source, limits)
    let count = try pickles.count("storages")
    for _ in 0..<count {
      let graph = try pickles.next()
      guard let parts = graph.items(graph.root), parts.count == 3, let key = graph.key(parts[0]),
        let type = graph.globalName(parts[2]), let dtype = TorchDType.storageClass(type)
      else { throw fault(source, pickles.position, "a storage is not described as (key, location, class)") }
      let (storage, end) = try LegacyStorage.read(
        source, at: pickles.position, elementSize: dtype.byteCount, label: key)
      guard storages.updateValue((storage, dtype), forKey: key) == nil else {
        throw fault(source, pickles.position, "storage \(key.prefix(40)) comes twice")
      }
      pickles.position = end
    }
    if pickles.position == source.byteCount { return }
    let views = try pickles.next()
    for view in views.items(views.root) ?? [] {
      guard let parts = views.items(view), parts.count == 4, let key = views.key(parts[0]),
        let whole = views.key(parts[1]).flatMap({ storages[$0] }), let offset = views.int(parts[2]),
        let count = views.int(parts[3]), case let size = whole.dtype.byteCount,
        case let total = whole.storage.byteCount / size, count >= 0, offset >= 0, count <= total,
        offset <= total - count
      else { throw fault(source, pickles.position, "a view of a storage does not lie within it") }
      storages[key] = (
        whole.storage.slice((offset * size)..<((offset + count) * size), label: key), whole.dtype
      )
    }
  }

  mutating func readTensors(_ source: any ByteSource, limits: ReadLimits) throws {
    var pickles = Pickles(source, limits)
    let count = try pickles.count("tensors")
    for _ in 0..<count {
      let graph = try pickles.next()
      guard let parts = graph.items(graph.root), parts.count == 3, let key = graph.key(parts[0]),
        let owner = graph.key(parts[1]).flatMap({ storages[$0] })
      else {
        throw fault(source, pickles.position, "a tensor is not described as (key, key of its storage, class)")
      }
      // The rank takes 4 bytes; the 4 after it were never used.
      let rank = try integers(source, pickles.position, count: 1)[0] & 0xFFFF_FFFF
      guard rank <= Tensor.maximumRank else {
        throw fault(source, pickles.position, "a tensor has \(rank) dimensions")
      }
      let numbers = try integers(source, pickles.position + 8, count: 2 * rank + 1)
      do {
        tensors[key] = try Tensor(
          owner.storage, dtype: owner.dtype, shape: Array(numbers.prefix(rank)),
          strides: Array(numbers[rank..<(2 * rank)]), offset: numbers[2 * rank])
      } catch { throw fault(source, pickles.position, "a tensor cannot be right: \(error)") }
      pickles.position += 8 * (2 * rank + 2)
    }
  }

  private func integers(_ source: any ByteSource, _ position: Int, count: Int) throws -> [Int] {
    guard position + 8 * count <= source.byteCount else {
      throw fault(source, position, "the file ends inside a tensor's description")
    }
    let bytes = try source.bytes(position..<(position + 8 * count))
    return (0..<count).map { Int(bytes.integer(at: 8 * $0, Int64.self)) }
  }

  private func fault(_ source: any ByteSource, _ position: Int, _ reason: String) -> Failure {
    Failure(in: source.name, at: position, reason, remedies: ["the file is damaged or cut short"])
  }
}

/// Pickles that follow one another, with other data between them, as torch 0.1 wrote them.
struct Pickles {
  let source: any ByteSource
  /// Where the next one begins.
  var position = 0
  private let limits: ReadLimits

  init(_ source: any ByteSource, _ limits: ReadLimits) { (self.source, self.limits) = (source, limits) }

  private var location: PickleLocation { PickleLocation(path: source.name, start: position) }

  /// Reads the pickle at ``position``, and moves past it.
  ///
  /// - Throws: `Failure`, also where it calls something harmful.
  mutating func next() throws -> PickleGraph {
    let graph: PickleGraph
    do { graph = try Unpickler.load(source, at: position, limits: limits.pickle) } catch let error
      as PickleError
    {
      throw location.failure(error, usually: "the file is damaged or cut short")
    }
    try graph.refuseHarm(location, limits)
    position += graph.streamByteCount
    return graph
  }

  /// Reads a pickle that says how many of something follow.
  mutating func count(_ what: String) throws -> Int {
    let graph = try next()
    guard let count = graph.int(graph.root), (0...source.byteCount).contains(count) else {
      throw Failure(
        in: source.name, at: position, "the number of \(what) is not a number",
        remedies: ["the file is damaged or cut short"])
    }
    return count
  }
}
