internal import SuturePickle
internal import SutureTensors
internal import SutureText

/// The views that torch's functions make of storages, and the values that they are given.
extension TensorBuilder {
  func call(_ name: String, _ arguments: [PickleID], at id: PickleID) throws -> Tensor {
    if !Self.views.contains(name) { return try layoutCall(name, arguments, at: id) }
    guard arguments.count >= 4 else {
      throw malformed("\(name) has \(arguments.count) arguments; 4 or more are needed", at: id)
    }
    var dtype: DType?
    var bits: LazyBits = []
    if name.hasSuffix("_v3"), arguments.count > 6 {
      dtype = try self.dtype(arguments[6], at: id)
      if arguments.count > 7 { bits = try lazyBits(arguments[7], at: id) }
    } else if arguments.count > 6 {
      bits = try lazyBits(arguments[6], at: id)
    }
    return try view(arguments, dtype: dtype, layout: .strided, bits: bits, at: id)
  }

  /// The view that the first four arguments of a rebuild function describe.
  func view(
    _ arguments: [PickleID], dtype: DType?, layout: TensorLayout, bits: LazyBits = [], at id: PickleID
  ) throws -> Tensor {
    guard let first = graph.int(arguments[1]) else {
      throw malformed("the storage offset is \(graph[arguments[1]].kind), not a 64-bit int", at: id)
    }
    let shape = try ints(arguments[2], "size", at: id)
    let strides = try ints(arguments[3], "stride", at: id)
    let (reference, storage) = try self.storage(arguments[0], dtype: dtype)
    guard let dtype = dtype ?? reference.dtype else {
      throw unsupported("a tensor on an untyped storage without a dtype", at: id)
    }
    return try checked(at: id) {
      let tensor = try Tensor(
        storage, dtype: dtype, shape: shape, strides: strides, offset: first, layout: layout, lazyBits: bits)
      let declared = reference.view?.range.count ?? reference.byteCount
      if tensor.byteExtent.upperBound > declared {
        throw TensorError.outOfBounds(
          needed: tensor.byteExtent.upperBound, available: declared, storage: storage.label)
      }
      return tensor
    }
  }

  func checked(at id: PickleID, _ make: () throws -> Tensor) throws -> Tensor {
    do { return try make() } catch let error as TensorError {
      throw malformed("a tensor cannot be right: \(error)", at: id).of(error.finding)
    }
  }

  private func lazyBits(_ id: PickleID, at tensor: PickleID) throws -> LazyBits {
    guard case .dict(let flags) = graph[id] else {
      // torch before 1.11 has nothing here; None is as good as no flags.
      if case .none = graph[id] { return [] }
      throw malformed("a tensor's flags are \(graph[id].kind), not a dict", at: tensor)
    }
    var bits: LazyBits = []
    for (key, value) in flags {
      guard let name = graph.string(key), let flag = graph.int(value) else {
        throw malformed("a tensor has flags that are not booleans", at: tensor)
      }
      switch name {
      case "conj": if flag != 0 { bits.insert(.conjugate) }
      case "neg": if flag != 0 { bits.insert(.negative) }
      default: throw unsupported("a tensor with the flag \"\(name.prefix(40))\"", at: tensor)
      }
    }
    return bits
  }

  func dtype(_ id: PickleID, at tensor: PickleID) throws -> DType {
    let name = graph.globalName(id)
    guard let dtype = name.flatMap(TorchDType.named) else {
      throw unsupported("dtype \(name ?? graph[id].kind)", at: tensor)
    }
    return dtype
  }

  func ints(_ id: PickleID, _ what: String, at tensor: PickleID) throws -> [Int] {
    var source = id
    // torch.Size((2, 3)) is a call; its one argument is the tuple.
    if let callable = graph.callable(of: source), graph.globalName(callable) == "torch.Size",
      let first = graph.firstArgument(of: source)
    {
      source = first
    }
    guard let items = graph.tuple(source) ?? graph.items(source)?[...] else {
      throw malformed("a tensor's \(what) is \(graph[source].kind), not a tuple", at: tensor)
    }
    return try items.map {
      guard let value = graph.int($0) else {
        throw malformed("a tensor's \(what) holds \(graph[$0].kind), not a 64-bit int", at: tensor)
      }
      return value
    }
  }
}
