internal import SuturePickle
internal import SutureTensors
internal import SutureText
internal import SutureZipArchive

/// What the persistent ids of a container refer to.
///
/// torch pickles tensors without their elements: where a storage would stand, there is a persistent id, and the
/// container knows where the bytes lie.
protocol References {
  /// The storage that a reference names.
  func storage(_ reference: StorageReference) throws -> Storage

  /// The tensor that a plain number refers to, as in the tar files of torch 0.1.
  func tensor(_ key: String) -> Tensor?

  /// Whether a class may be named by a persistent id that carries its source code, as before torch 1.6.
  var namesClasses: Bool { get }

  /// The layout of the archive that holds a storage, by which others are known that differ in the elements of that storage
  /// alone; `nil` where that cannot be told.
  func layout(around storage: Storage) throws -> ArchiveTemplate?
}

extension References {
  func tensor(_ key: String) -> Tensor? { nil }
  var namesClasses: Bool { false }
  func layout(around storage: Storage) throws -> ArchiveTemplate? { nil }
}

/// The references of a pickle that has no container to refer to.
struct NoReferences: References {
  let path: String

  func storage(_ reference: StorageReference) throws -> Storage {
    throw Failure(
      in: path, "a bare pickle refers to storage \(reference.key.prefix(40)), which is not in it",
      remedies: ["was it data.pkl of an archive? open the whole archive"])
  }
}

/// A reference to a storage as torch pickles it.
///
///     ('storage', torch.FloatStorage, key, location, element count)             zip
///     ('storage', torch.FloatStorage, key, location, element count, view)       before 1.6; view is usually None,
///                                                  or (key, offset, element count) of a part of the storage
struct StorageReference {
  let key: String
  /// The dtype of a typed storage; `nil` for an untyped one, whose elements are bytes.
  let dtype: DType?
  /// How many bytes the pickle says the storage has.
  let byteCount: Int
  /// The part of the storage that is meant, in bytes, and its own key.
  let view: (key: String, range: Range<Int>)?
  /// How wide the numbers of a big-endian storage are.
  var swapWidth = 1

  /// The part of `whole`, the storage of this key, that is meant.
  ///
  /// - Throws: what `fault` makes of the reason where the part does not lie within it.
  func part(of whole: Storage, _ fault: (String) -> Failure) throws -> Storage {
    guard let view else { return whole }
    guard view.range.upperBound <= whole.byteCount else {
      throw fault(
        "storage \(view.key.prefix(40)) should be bytes \(view.range) of storage \(key.prefix(40)), which "
          + "has \(whole.byteCount)")
    }
    return whole.slice(view.range, label: view.key)
  }
}

extension PickleGraph {
  /// The qualified name of a class or function, also where a persistent id names it together with its source.
  func callableName(_ id: PickleID) -> String? {
    guard case .persistent(let inner) = self[id] else { return globalName(id) }
    guard case .tuple(let parts) = self[inner] else { return nil }
    // ('module', class, file, source) before 1.6; (class, file, source) in 0.1.
    return parts.prefix(2).lazy.compactMap { globalName($0) }.first
  }

  /// The text of a key that may also be a number.
  func key(_ id: PickleID) -> String? { string(id) ?? int(id).map { String($0) } }

  /// Bytes, in any of the spellings that pickle has for them.
  ///
  /// Protocols below 3 have no bytes: Python 3 writes `_codecs.encode(text, 'latin1')`, Python 2 a string.
  func bytes(_ id: PickleID) -> [UInt8]? {
    switch self[id] {
    case .bytes(let bytes): return bytes
    case .string(let text): return Array(text.utf8)
    case .object(let object): return bytesOf(object)
    default: return nil
    }
  }

  /// No fewer than ``bytesOf(_:)`` gives, without looking at them.
  func byteCountLimit(of object: PickleObject) -> Int {
    guard let first = object.arguments.first else { return 0 }
    switch self[first] {
    case .bytes(let bytes): return bytes.count
    case .string(let text): return text.utf8.count
    case .object(let inner): return inner.arguments.first.flatMap { string($0)?.utf8.count } ?? .max
    default: return .max
    }
  }

  /// The bytes that a call stands for.
  func bytesOf(_ object: PickleObject) -> [UInt8]? {
    switch callableName(object.callable) {
    case "_codecs.encode":
      guard let text = object.arguments.first.flatMap({ string($0) }) else { return nil }
      var bytes: [UInt8] = []
      bytes.reserveCapacity(text.utf8.count)
      for scalar in text.unicodeScalars {
        guard let byte = UInt8(exactly: scalar.value) else { return nil }
        bytes.append(byte)
      }
      return bytes
    case "builtins.bytes", "__builtin__.bytes", "builtins.bytearray", "__builtin__.bytearray":
      guard let first = object.arguments.first else { return [] }
      // One level: bytearray(b'…') holds bytes, or their _codecs spelling.
      if case .object(let inner) = self[first], callableName(inner.callable) != "_codecs.encode" {
        return nil
      }
      return bytes(first)
    default: return nil
    }
  }

  /// The items of a tuple or a list.
  func items(_ id: PickleID) -> [PickleID]? {
    switch self[id] {
    case .tuple(let items), .list(let items): items
    default: nil
    }
  }
}
