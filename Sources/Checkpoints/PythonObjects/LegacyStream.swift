internal import SutureBytes
internal import SuturePickle
internal import SutureTensors
internal import SutureText

// The format of torch.save before PyTorch 1.6, five pickles and then the storages:
//
//   1. the magic number 0x1950a86a20f9469cfc6c
//   2. the protocol version, 1001
//   3. a dict about the machine
//   4. the object, tensors as references to storages
//   5. the list of the keys of all storages, in the order in which they follow
//   6. for each key: the number of elements, 8 bytes little-endian, and the elements
//
// Nothing is aligned, nothing has a checksum, and where a storage begins depends on the sizes of those before it.

/// A checkpoint of the format before PyTorch 1.6: a file, or the bytes that stand for a storage in a pickle.
struct LegacyStream {
  private let source: any ByteSource
  private let graph: PickleGraph
  private let location: PickleLocation
  private let limits: ReadLimits
  private let nesting: Int
  private let storages: LegacyStorages
  /// Where the last storage ends.
  private let end: Int

  /// 0x1950a86a20f9469cfc6c as a pickled integer.
  private static let magic: [UInt8] = [0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]

  /// Whether a file whose first pickle holds `graph` is one of these.
  static func isMagic(_ graph: PickleGraph) -> Bool {
    guard case .bigInt(let bytes) = graph[graph.root] else { return false }
    return bytes.starts(with: magic) && bytes.dropFirst(magic.count).allSatisfy { $0 == 0 }
  }

  private static let objectName = "the object"

  init(_ source: any ByteSource, limits: ReadLimits, nesting: Int = 0) throws {
    (self.source, self.limits, self.nesting) = (source, limits, nesting)
    var position = 0
    func next(_ what: String) throws -> PickleGraph {
      do {
        let start = position
        let graph = try Unpickler.judged(
          source, at: start, PickleLocation(path: source.name, start: start), limits)
        position += graph.streamByteCount
        // Python would run what any of the pickles names; the object's own is looked at with its tensors counted.
        if what != Self.objectName {
          try graph.refuseHarm(PickleLocation(path: source.name, start: start), limits)
        }
        return graph
      } catch let error as PickleError {
        throw PickleLocation(path: source.name, start: position)
          .failure(error, of: what, usually: "the file is damaged or cut short")
      }
    }
    guard Self.isMagic(try next("the magic number")) else {
      throw Failure(in: source.name, "it does not begin with the magic number of torch.save")
    }
    let version = try next("the protocol version")
    guard version.int(version.root) == 1001 else {
      throw Failure(
        in: source.name, at: position - version.streamByteCount,
        "the protocol version of the old format is not 1001",
        remedies: ["no PyTorch is known to write this"])
    }
    _ = try next("the system information")
    location = PickleLocation(path: source.name, start: position)
    graph = try next(Self.objectName)
    let keys = try next("the list of storages")
    (storages, end) = try LegacyStorages.find(
      keys, graph: graph, in: source, at: position, location: location)
  }

  /// The state dict and everything else in the file.
  func contents(key: String?) throws -> PickledObject.Contents {
    var warnings: [String] = []
    let others = try OtherPickles(in: source, from: end, PickleLocation(path: source.name), limits)
    if end < source.byteCount {
      warnings.append("\(source.byteCount - end) bytes follow the last storage, and are ignored")
    }
    var contents = try object.contents(key: key, warnings: warnings)
    contents.add(others)
    return contents
  }

  /// The storage that is the object of the file, as in the blobs that `pickle.dump` of a tensor makes.
  func rootStorage() throws -> (StorageReference, Storage) {
    try object.checkSafety()
    guard case .persistent = graph[graph.root] else {
      throw location.failure("a pickled storage holds \(graph[graph.root].kind)", at: 0, remedies: [])
    }
    return try object.tensors.storage(graph.root, dtype: nil)
  }

  private var object: PickledObject {
    PickledObject(graph: graph, location: location, references: storages, limits: limits, nesting: nesting)
  }
}

/// Where the storages of an old file lie.
struct LegacyStorages: References {
  private let source: any ByteSource
  private let location: PickleLocation
  private var storages: [String: Storage] = [:]

  var namesClasses: Bool { true }

  /// Steps from storage to storage without reading their elements.
  ///
  /// - Returns: also where the last one ends.
  static func find(
    _ keys: PickleGraph, graph: PickleGraph, in source: any ByteSource, at start: Int,
    location: PickleLocation
  ) throws -> (LegacyStorages, end: Int) {
    guard let items = keys.items(keys.root) else {
      throw Failure(in: source.name, "the list of storages is \(keys[keys.root].kind)")
    }
    let sizes = elementSizes(graph)
    var result = LegacyStorages(source: source, location: location)
    var position = start
    for item in items {
      guard let key = keys.key(item) else {
        throw Failure(in: source.name, "a storage's key is \(keys[item].kind)")
      }
      guard let size = sizes[key] else {
        throw Failure(
          in: source.name, at: position,
          "storage \(key.prefix(40)) is used by no tensor, so its dtype is not known")
      }
      let (storage, end) = try LegacyStorage.read(source, at: position, elementSize: size, label: key)
      guard result.storages.updateValue(storage, forKey: key) == nil else {
        throw Failure(in: source.name, "storage \(key.prefix(40)) is listed twice")
      }
      position = end
    }
    return (result, position)
  }

  func storage(_ reference: StorageReference) throws -> Storage {
    guard let storage = storages[reference.key] else {
      throw Failure(
        in: location.path, "the list of storages lacks storage \(reference.key.prefix(40))",
        remedies: ["its bytes are not in the file, or cannot be found"])
    }
    return try reference.part(of: storage) { Failure(in: location.path, $0) }
  }

  /// How wide the elements of each storage are: the file says so only where a tensor refers to it.
  private static func elementSizes(_ graph: PickleGraph) -> [String: Int] {
    var sizes: [String: Int] = [:]
    for id in graph.ids {
      guard let inner = graph.persistent(id), let parts = graph.items(inner), parts.count >= 5,
        graph.string(parts[0]) == "storage", let type = graph.globalName(parts[1]),
        let key = graph.key(parts[2])
      else { continue }
      sizes[key] = TorchDType.storageClass(type)?.byteCount ?? 1
    }
    return sizes
  }
}

/// One storage of the formats before 1.6: 8 bytes that count its elements, and the elements.
enum LegacyStorage {
  static func read(
    _ source: any ByteSource, at position: Int, elementSize: Int, label: String
  ) throws -> (Storage, end: Int) {
    func fault(_ reason: String) -> Failure {
      Failure(
        in: source.name, at: position, "storage \(label.prefix(40)) \(reason)",
        remedies: ["the file is damaged or cut short"])
    }
    guard position <= source.byteCount - 8 else { throw fault("is missing: the file ends before it") }
    let count = try source.bytes(position..<(position + 8)).integer(at: 0, Int64.self)
    guard count >= 0 else { throw fault("says that it has \(count) elements").of(.bounds) }
    let (byteCount, overflow) = Int(count).multipliedReportingOverflow(by: elementSize)
    let available = source.byteCount - position - 8
    guard !overflow, byteCount <= available else {
      throw fault(
        "should hold \(count) elements of \(elementSize) bytes, but \(available) bytes are left"
          + (overflow ? "" : ", \(byteCount - available) too few")
      ).of(.bounds)
    }
    return (
      Storage(source, offset: position + 8, byteCount: byteCount, label: label), position + 8 + byteCount
    )
  }
}
