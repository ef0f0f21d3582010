internal import SutureBytes
internal import SutureText
internal import SuturePickle
internal import SutureTensors

/// The references to storages that stand where a pickled tensor has its elements.
extension TensorBuilder {
  /// Throws unless every persistent id is one that torch writes, used or not, and every nested blob is sound.
  func checkReferences() throws {
    for id in graph.ids {
      if let callable = graph.callable(of: id) {
        if graph.globalName(callable) == NestedStorages.loader { _ = try storage(id, dtype: nil) }
      } else if let inner = graph.persistent(id) {
        if isPacked(id) { continue }
        if references.namesClasses, graph.callableName(id) != nil, isClassReference(inner) { continue }
        if let key = graph.key(inner), references.tensor(key) != nil { continue }
        _ = try storage(id, dtype: nil)
      }
    }
  }

  /// Whether it refers to a storage with several quantized numbers in a byte: their tensors are no views of elements,
  /// and are reported as what they are.
  func isPacked(_ id: PickleID) -> Bool {
    guard let inner = graph.persistent(id), let parts = graph.tuple(inner), parts.count > 1 else {
      return false
    }
    let name = graph.globalName(parts[parts.startIndex + 1])
    return name == "torch.QUInt4x2Storage" || name == "torch.QUInt2x4Storage"
  }

  private func isClassReference(_ id: PickleID) -> Bool {
    guard let parts = graph.items(id), let first = parts.first else { return false }
    return graph.string(first) == "module" || graph.globalName(first) != nil
  }

  /// The storage that a value refers to.
  ///
  /// - Parameter dtype: what the elements are where the storage does not say; in a big-endian file the bytes of an
  ///   untyped storage change places by it.
  func storage(_ id: PickleID, dtype: DType?) throws -> (StorageReference, Storage) {
    if let callable = graph.callable(of: id), graph.globalName(callable) == NestedStorages.loader {
      guard let bytes = graph.firstArgument(of: id).flatMap({ graph.bytes($0) }) else {
        throw malformed("\(NestedStorages.loader) is not given bytes", at: id)
      }
      return try nested.storage(bytes, id: id, location)
    }
    if parsedPlaces[id] < 0 {
      parsed.append((try storageReference(id), nil))
      parsedPlaces[id] = Int32(parsed.count - 1)
    }
    let place = Int(parsedPlaces[id])
    var reference = parsed[place].reference
    if isBigEndian { reference.swapWidth = (reference.dtype ?? dtype)?.swapWidth ?? 1 }
    let key = reference.view?.key ?? reference.key
    let found = parsed[place].storage ?? storageKeys.place(of: key) { storages[$0].key }
    if let found {
      parsed[place].storage = found
      let known = storages[found]
      guard known.reference.dtype == reference.dtype else {
        throw malformed(
          "storage \(key) is used both as \(known.reference.dtype?.rawValue ?? "untyped") and as "
            + "\(reference.dtype?.rawValue ?? "untyped")", at: id)
      }
      if known.reference.swapWidth == reference.swapWidth || dtype == nil {
        return (reference, known.storage)
      }
      if known.reference.swapWidth != 1 {
        throw unsupported("a big-endian storage that tensors of different dtypes share", at: id)
      }
    }
    let storage = try references.storage(reference)
    guard reference.view?.range.count ?? reference.byteCount <= storage.byteCount else {
      throw malformed(
        "storage \(key) should hold \(reference.byteCount) bytes (\(reference.dtype?.rawValue ?? "untyped")), "
          + "but \(storage.byteCount) are there", at: id
      ).of(.bounds)
    }
    if let found {
      storages[found] = (key, reference, storage)
    } else {
      _ = storageKeys.insert(key, at: storages.count) { storages[$0].key }
      parsed[place].storage = storages.count
      storages.append((key, reference, storage))
    }
    return (reference, storage)
  }

  private func storageReference(_ id: PickleID) throws -> StorageReference {
    guard let inner = graph.persistent(id), let parts = graph.tuple(inner).map(Array.init),
      // TorchScript of torch 1.4 and 1.5 has the place of a view too, but never a view.
      parts.count == 5 || (parts.count == 6 && (references.namesClasses || graph.isNone(parts[5]))),
      graph.string(parts[0]) == "storage", let type = graph.namePlace(parts[1])
    else { throw malformed("a tensor's storage is not a reference that torch.save writes", at: id) }
    guard let key = graph.key(parts[2]) else {
      throw malformed("a storage's key is \(graph[parts[2]].kind)", at: id)
    }
    guard key.utf8.count <= Self.longestKey else {
      throw malformed("a storage's key is \(key.utf8.count) bytes long", at: id)
    }
    guard let count = graph.int(parts[4]), count >= 0 else {
      throw malformed("storage \(key) has an impossible number of elements", at: id).of(.bounds)
    }
    let dtype = storageDTypes[type]
    if dtype == nil, case let name = graph.names[type].qualified,
      !name.hasPrefix("torch.") || !name.hasSuffix("UntypedStorage")
    {
      throw unsupported("storage class \(name.prefix(100))", at: id)
    }
    let size = dtype?.byteCount ?? 1
    let (byteCount, overflow) = count.multipliedReportingOverflow(by: size)
    guard !overflow else {
      throw malformed("storage \(key) has an impossible number of elements", at: id).of(.bounds)
    }
    let view = parts.count == 6 ? try storageView(parts[5], size: size, within: byteCount, at: id) : nil
    return StorageReference(key: key, dtype: dtype, byteCount: byteCount, view: view)
  }

  /// torch's own are numbers.
  private static let longestKey = 4096

  private func storageView(_ id: PickleID, size: Int, within byteCount: Int, at reference: PickleID) throws
    -> (
      key: String, range: Range<Int>
    )?
  {
    if case .none = graph[id] { return nil }
    guard let parts = graph.items(id), parts.count == 3, let key = graph.key(parts[0]),
      let offset = graph.int(parts[1]), let count = graph.int(parts[2]), offset >= 0, count >= 0,
      key.utf8.count <= Self.longestKey,
      count <= byteCount / size, offset <= byteCount / size - count
    else { throw malformed("a part of a storage does not lie within it", at: reference).of(.bounds) }
    return (key, (offset * size)..<((offset + count) * size))
  }
}

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
