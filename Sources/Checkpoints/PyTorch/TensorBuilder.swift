internal import Pickle
internal import Tensors

/// Turns the calls by which torch pickles tensors into tensors.
///
///     torch._utils._rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks)
///     torch._utils._rebuild_tensor_v3(…, dtype)            the dtype apart from an untyped storage
///     torch._utils._rebuild_parameter(tensor, requires_grad, hooks)
///     persistent id = ('storage', torch.FloatStorage, key, location, element count)
///
/// Only these make a tensor. What an unknown function was given is never shown as its result.
final class TensorBuilder {
  private let graph: PickleGraph
  private let path: String
  private let record: String
  private let storage: (String) throws -> Storage
  private var storages: [String: (storage: Storage, type: DType?)] = [:]
  private var built: [PickleID: Tensor] = [:]

  init(graph: PickleGraph, path: String, record: String, storage: @escaping (String) throws -> Storage) {
    (self.graph, self.path, self.record, self.storage) = (graph, path, record, storage)
  }

  /// Whether `object` is a call that makes a tensor or a parameter.
  func isTensor(_ object: PickleObject) -> Bool {
    graph.globalName(object.callable).map(Self.rebuilders.contains) ?? false
  }

  /// The tensor that the call `id` stands for.
  func tensor(_ id: PickleID) throws -> Tensor {
    // Parameters wrap tensors one level deep; follow them in a loop, for a file may say otherwise.
    var inner = id
    for _ in 0..<8 {
      guard case .object(let object) = graph[inner], let name = graph.globalName(object.callable) else {
        break
      }
      if Self.wrappers.contains(name), let first = object.arguments.first {
        inner = first
        continue
      }
      if let known = built[inner] { return known }
      let tensor = try rebuild(object, name, at: graph.offset(of: inner))
      built[inner] = tensor
      return tensor
    }
    throw malformed("a parameter does not hold a tensor", at: graph.offset(of: id))
  }

  /// Throws unless every persistent id of the pickle is a storage, used or not: torch.save writes no others.
  func checkReferences() throws {
    for (id, value) in graph.all {
      if case .persistent = value { _ = try storageReference(id) }
    }
  }

  private static let wrappers: Set<String> = [
    "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state",
  ]
  private static let views: Set<String> = [
    "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3",
  ]
  private static let rebuilders = wrappers.union(views)

  private func rebuild(_ object: PickleObject, _ name: String, at offset: Int) throws -> Tensor {
    let arguments = object.arguments
    guard Self.views.contains(name), arguments.count >= 4 else {
      throw malformed("\(name) has \(arguments.count) arguments; 4 or more are needed", at: offset)
    }
    guard object.items.isEmpty, object.elements.isEmpty else {
      throw malformed("items are assigned to a tensor", at: offset)
    }
    let reference = try storageReference(arguments[0])
    guard let first = graph.int(arguments[1]) else {
      throw malformed("the storage offset is \(graph[arguments[1]].kind), not a 64-bit int", at: offset)
    }
    let shape = try ints(arguments[2], "size", at: offset)
    let strides = try ints(arguments[3], "stride", at: offset)

    var dtype = reference.dtype
    if name.hasSuffix("_v3"), arguments.count > 6 {
      guard let named = graph.globalName(arguments[6]).flatMap(TorchDType.named) else {
        throw unsupported("dtype \(graph.globalName(arguments[6]) ?? "?")", at: offset)
      }
      dtype = named
    } else if arguments.count > 6, case .dict(let flags) = graph[arguments[6]], !flags.isEmpty {
      throw unsupported("a tensor with a conjugate or negative bit", at: offset)
    }
    guard let dtype else { throw unsupported("a tensor on an untyped storage without a dtype", at: offset) }
    do {
      let tensor = try Tensor(reference.storage, dtype: dtype, shape: shape, strides: strides, offset: first)
      if tensor.byteExtent.upperBound > reference.declared {
        throw TensorError.outOfBounds(
          needed: tensor.byteExtent.upperBound, available: reference.declared,
          storage: reference.storage.label)
      }
      return tensor
    } catch let error as TensorError {
      throw malformed("a tensor cannot be right: \(error)", at: offset)
    }
  }

  private func storageReference(_ id: PickleID) throws -> (storage: Storage, dtype: DType?, declared: Int) {
    let offset = graph.offset(of: id)
    guard case .persistent(let inner) = graph[id], case .tuple(let parts) = graph[inner], parts.count == 5,
      graph.string(parts[0]) == "storage", let type = graph.globalName(parts[1])
    else { throw malformed("a tensor's storage is not a reference that torch.save writes", at: offset) }
    let key: String
    if let text = graph.string(parts[2]) {
      key = text
    } else if let number = graph.int(parts[2]) {
      key = String(number)
    } else {
      throw malformed("a storage's key is \(graph[parts[2]].kind)", at: offset)
    }
    guard let count = graph.int(parts[4]), count >= 0 else {
      throw malformed("storage \(key) has an impossible number of elements", at: offset)
    }
    let isUntyped = type.hasSuffix("UntypedStorage")
    let dtype = TorchDType.storageClass(type)
    guard isUntyped || dtype != nil else { throw unsupported("storage class \(type)", at: offset) }

    if let known = storages[key] {
      guard known.type == dtype else {
        throw malformed(
          "storage \(key) is used both as \(known.type?.rawValue ?? "untyped") and as \(type)", at: offset)
      }
    } else {
      storages[key] = (try storage(key), dtype)
    }
    guard let found = storages[key]?.storage else { throw malformed("storage \(key) is lost", at: offset) }
    let (declared, overflow) = count.multipliedReportingOverflow(by: dtype?.byteCount ?? 1)
    guard !overflow, declared <= found.byteCount else {
      throw malformed(
        "storage \(key) should hold \(count) elements of \(dtype?.rawValue ?? "one byte"), "
          + "but its record has \(found.byteCount) bytes", at: offset)
    }
    return (found, dtype, declared)
  }

  private func ints(_ id: PickleID, _ what: String, at offset: Int) throws -> [Int] {
    var source = graph[id]
    // torch.Size((2, 3)) is a call; its one argument is the tuple.
    if case .object(let object) = source, graph.globalName(object.callable) == "torch.Size",
      let first = object.arguments.first
    {
      source = graph[first]
    }
    let items: [PickleID]
    switch source {
    case .tuple(let parts), .list(let parts): items = parts
    default: throw malformed("a tensor's \(what) is \(source.kind), not a tuple", at: offset)
    }
    return try items.map {
      guard let value = graph.int($0) else {
        throw malformed("a tensor's \(what) holds \(graph[$0].kind), not a 64-bit int", at: offset)
      }
      return value
    }
  }

  private func malformed(_ reason: String, at offset: Int) -> CheckpointError {
    CheckpointError(
      path, record: record, "byte \(offset): \(reason)", hints: ["the file is damaged, or made to mislead"])
  }

  private func unsupported(_ what: String, at offset: Int) -> CheckpointError {
    CheckpointError(path, record: record, "byte \(offset): \(what) is not supported yet")
  }
}
