internal import SuturePickle
internal import SutureTensors
internal import SutureText

/// Turns the calls by which torch pickles tensors into tensors.
///
///     torch._utils._rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks[, {'conj', 'neg'}])
///     torch._utils._rebuild_tensor_v3(…, hooks, dtype[, {…}])     the dtype apart from an untyped storage
///     torch._utils._rebuild_parameter(tensor, requires_grad, hooks)
///     torch._tensor._rebuild_from_type_v2(function, class, arguments, state)
///     torch.FloatTensor() with state (storage, offset, size, stride)                          torch 0.1
///     and those of TensorBuilder+Layouts.swift
///
/// Only these make a tensor. What an unknown function was given is never shown as its result.
final class TensorBuilder {
  let graph: PickleGraph
  let location: PickleLocation
  let isBigEndian: Bool
  /// The arrays of NumPy's random generators, ('MT19937', keys, …): numbers in a tuple that begins with a name.
  private lazy var randomStates: Set<PickleID> = {
    var found: Set<PickleID> = []
    for id in graph.ids {
      guard let items = graph.tuple(id), let first = items.first, graph.string(first) != nil else { continue }
      found.formUnion(items.lazy.filter { [graph] in graph.callable(of: $0) != nil })
    }
    return found
  }()

  let references: any References
  let nested: NestedStorages
  /// The storages that have been referred to, by their keys.
  var storages: [(key: String, reference: StorageReference, storage: Storage)] = []
  var storageKeys = NameIndex()
  /// What persistent ids say, and which of the storages they mean.
  var parsed: [(reference: StorageReference, storage: Int?)] = []
  /// For each value its place in `parsed`, or -1.
  var parsedPlaces: PickleTable<Int32>
  private var built: [Tensor] = []
  /// For each value its place in `built`, or -1.
  private var builtPlaces: PickleTable<Int32>

  init(
    graph: PickleGraph, location: PickleLocation, references: any References, isBigEndian: Bool,
    nested: NestedStorages
  ) {
    (self.graph, self.location, self.references) = (graph, location, references)
    (self.isBigEndian, self.nested) = (isBigEndian, nested)
    (parsedPlaces, builtPlaces) = (PickleTable(graph, -1), PickleTable(graph, -1))
    // No more tensors than calls: room that is not used costs nothing, and what grows is held twice for a while.
    storages.reserveCapacity(graph.roomForCalls)
    parsed.reserveCapacity(graph.roomForCalls)
    built.reserveCapacity(graph.roomForCalls)
  }

  /// Whether the value is a call that makes a tensor, a parameter or an array that counts as one.
  func isTensor(_ id: PickleID) -> Bool {
    if !graph.mayBeCalled(id) { return false }
    switch quickMaker(of: id) {
    case .nothing: return false
    case .rebuilder: return graph.firstArgument(of: id).map(isPacked) != true
    default: return kind(of: id, depth: 0) != nil
    }
  }

  /// The tensor that the value `id`, of which ``isTensor(_:)`` holds, stands for.
  func tensor(_ id: PickleID) throws -> Tensor {
    if builtPlaces[id] >= 0 { return built[Int(builtPlaces[id])] }
    let tensor =
      if let (name, arguments) = plainCall(id) { try call(name, arguments, at: id) } else {
        try anyTensor(id)
      }
    builtPlaces[id] = Int32(built.count)
    built.append(tensor)
    return tensor
  }

  /// The function and the arguments of a call like nearly all that make tensors: of one of torch's own functions, and nothing
  /// is added to what it gives.
  private func plainCall(_ id: PickleID) -> (name: String, arguments: [PickleID])? {
    guard quickMaker(of: id) == .rebuilder, let arguments = graph.arguments(ofPlainCall: id),
      arguments.first.map(isPacked) != true,
      let name = graph.callable(of: id).flatMap({ graph.globalName($0) })
    else { return nil }
    return (name, Array(arguments))
  }

  private func anyTensor(_ id: PickleID) throws -> Tensor {
    guard let kind = kind(of: id, depth: 0) else {
      throw malformed("a tensor was expected, found \(graph[id].kind)", at: id)
    }
    if case .object(let object) = graph[id], !object.items.isEmpty || !object.elements.isEmpty {
      throw malformed("items are assigned to a tensor", at: id)
    }
    switch kind {
    case .call(let name, let arguments): return try call(name, arguments, at: id)
    case .reference(let known): return known
    case .inner(let inner): return try wrapped(try tensor(inner), at: id)
    case .refused(let what): throw unsupported(what, at: id)
    case .array(let array): return try array.tensor(location, at: graph.offset(of: id))
    }
  }

  /// Why a tensor of a kind that is not read is none here; `nil` of any other.
  func refusal(of id: PickleID) -> Failure? {
    if quickMaker(of: id) == .rebuilder { return nil }
    return switch kind(of: id, depth: 0) {
    case .refused(let what): unsupported(what, at: id)
    case .inner(let inner): refusal(of: inner)
    default: nil
    }
  }

  /// What a wrapper makes of the tensor in it: `_rebuild_device_tensor_from_…(data, dtype, device, requires_grad)` casts it.
  private func wrapped(_ tensor: Tensor, at id: PickleID) throws -> Tensor {
    guard case .object(let object) = graph[id], let name = graph.callableName(object.callable),
      Self.deviceWrappers.contains(name), object.arguments.count > 1
    else { return tensor }
    let wanted = try dtype(object.arguments[1], at: id)
    if wanted == tensor.dtype { return tensor }
    guard wanted.floatFormat != nil, tensor.dtype.floatFormat != nil else {
      throw unsupported("a \(wanted) tensor that is stored as \(tensor.dtype)", at: id)
    }
    var stateDict = StateDict()
    try stateDict.append("tensor", tensor)
    return try stateDict.cast(to: wanted) { _ in false }.stateDict.entries[0].tensor
  }

  // MARK: What makes a tensor

  /// How a value comes to be a tensor.
  private enum Kind {
    case call(String, [PickleID])
    case reference(Tensor)
    /// The value only wraps another.
    case inner(PickleID)
    case array(NumpyArray)
    /// It is a tensor to torch, but none that can be read, for what it is.
    case refused(String)
  }

  /// A wrapper in a wrapper is as deep as torch goes; a file may say otherwise.
  private static let maximumDepth = 8

  private func kind(of id: PickleID, depth: Int) -> Kind? {
    if depth > Self.maximumDepth { return nil }
    if let inner = graph.persistent(id) {
      return graph.key(inner).flatMap { references.tensor($0) }.map { .reference($0) }
    }
    // Most values are no calls, and most calls are of functions that make no tensors: that takes a look at the name.
    guard let callable = graph.callable(of: id), let (name, maker) = maker(callable), maker != .nothing,
      case .object(let object) = graph[id]
    else { return nil }
    switch maker {
    case .nothing: return nil
    case .rebuilder:
      return object.arguments.first.map(isPacked) == true ? nil : .call(name, object.arguments)
    case .unread: return Self.unread[name].map { .refused($0) }
    case .wrapper:
      guard let first = object.arguments.first else { return nil }
      return kind(of: first, depth: depth + 1) == nil ? nil : .inner(first)
    case .typed: return object.arguments.count >= 3 ? typedCall(object.arguments, depth: depth) : nil
    case .parameter: return parameter(object, depth: depth)
    case .tensorClass:
      guard let parts = object.states.last.flatMap({ graph.items($0) }), parts.count == 4 else { return nil }
      return .call("torch._utils._rebuild_tensor", parts)
    case .array: return randomStates.contains(id) ? nil : NumpyArray(id, graph).map { .array($0) }
    }
  }

  /// How the functions and classes of a name make tensors.
  private enum Maker {
    case rebuilder, unread, wrapper, typed, parameter, tensorClass, array, nothing
  }

  private static func maker(_ name: String) -> Maker {
    if rebuilders.contains(name) { return .rebuilder }
    if unread[name] != nil { return .unread }
    if wrappers.contains(name) { return .wrapper }
    if typed.contains(name) { return .typed }
    if parameterClasses.contains(name) { return .parameter }
    if TorchDType.tensorClass(name) != nil { return .tensorClass }
    return NumpyArray.isReconstructor(name) ? .array : .nothing
  }

  /// How a call of a name makes a tensor, without a look at what it is given; `nil` of what is no such call.
  private func quickMaker(of id: PickleID) -> Maker? {
    graph.callable(of: id).flatMap { graph.namePlace($0) }.map { makers[$0] }
  }

  /// That of each of the graph's names.
  private lazy var makers = graph.names.map { Self.maker($0.qualified) }

  /// The dtype of the storages of a class that each of the graph's names is.
  lazy var storageDTypes = graph.names.map { TorchDType.storageClass($0.qualified) }

  private func maker(_ callable: PickleID) -> (name: String, maker: Maker)? {
    if let place = graph.namePlace(callable) { return (graph.names[place].qualified, makers[place]) }
    return graph.callableName(callable).map { ($0, Self.maker($0)) }
  }

  static let views = [
    "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3",
  ]
  /// What torch makes of tensors that is no tensor of elements itself.
  private static let unread = [
    "torch._utils._rebuild_nested_tensor": "a nested tensor",
    "torch.nested._internal.nested_tensor._rebuild_njt": "a nested tensor",
    "torch._utils._rebuild_wrapper_subclass": "a tensor that only its class can make of its parts",
  ]
  private static let rebuilders = layouts.union(views)
  private static let wrappers: Set<String> = deviceWrappers.union([
    "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state",
  ])
  /// Tensors of devices that torch saves by way of the CPU.
  private static let deviceWrappers: Set<String> = [
    "torch._utils._rebuild_device_tensor_from_cpu_tensor", "torch._utils._rebuild_device_tensor_from_numpy",
    "torch._utils._rebuild_xla_tensor",
  ]
  private static let typed: Set<String> = [
    "torch._tensor._rebuild_from_type", "torch._tensor._rebuild_from_type_v2",
    "torch.tensor._rebuild_from_type", "torch.tensor._rebuild_from_type_v2",
  ]
  private static let parameterClasses: Set<String> = [
    "torch.nn.parameter.Parameter", "torch.nn.Parameter", "torch.autograd.variable.Variable",
  ]

  /// `_rebuild_from_type(function, class, arguments, state)`: the class is a name, the function makes the tensor.
  private func typedCall(_ arguments: [PickleID], depth: Int) -> Kind? {
    guard let function = graph.globalName(arguments[0]), let inner = graph.items(arguments[2]) else {
      return nil
    }
    if graph.globalName(arguments[1])?.hasSuffix(".DTensor") == true {
      return distributed(arguments, inner, depth: depth)
    }
    if let what = Self.unread[function] {
      return .refused(what + (graph.globalName(arguments[1]).map { " (\($0.shownName))" } ?? ""))
    }
    if Self.rebuilders.contains(function) { return .call(function, inner) }
    guard Self.wrappers.contains(function), let first = inner.first else { return nil }
    return kind(of: first, depth: depth + 1) == nil ? nil : .inner(first)
  }

  private static let mostOfDTensor = 10_000

  /// A DTensor, whose state holds this rank's part: it is the whole where it has the whole shape and is no part of a sum.
  private func distributed(_ arguments: [PickleID], _ inner: [PickleID], depth: Int) -> Kind? {
    // A __dict__, or a pair of that and slots.
    guard arguments.count > 3,
      let local = ([arguments[3]] + (graph.items(arguments[3]) ?? [])).lazy.compactMap({ part -> PickleID? in
        guard case .dict(let items) = self.graph[part] else { return nil }
        return items.first { self.graph.string($0.key) == "_local_tensor" }?.value
      }).first,
      kind(of: local, depth: depth + 1) != nil, let part = try? tensor(local)
    else { return nil }
    // A mesh and its placements are a hundred values; what has more is none that could be vouched for.
    let state = graph.reachable(from: [arguments[3]], atMost: Self.mostOfDTensor)
    let names = state.compactMap { graph.globalName($0) }
    let shape = inner.lazy.compactMap { try? self.ints($0, "size", at: local) }.first
    let isSummed =
      state.count == Self.mostOfDTensor
      || names.contains { $0.hasSuffix(".Partial") || $0.hasSuffix("._Partial") }
    if shape == part.shape, !isSummed { return .inner(local) }
    return .refused(
      "a DTensor of which this file has one rank's part, \(part.shape) of \(shape.map { "\($0)" } ?? "an unknown shape"),"
    )
  }

  /// A parameter of torch 0.1 to 0.4: made from a tensor, or given one by its state.
  private func parameter(_ object: PickleObject, depth: Int) -> Kind? {
    let fromState = object.states.last.flatMap { graph.items($0) }?.first
    for candidate in [object.arguments.first, fromState] {
      if let candidate, kind(of: candidate, depth: depth + 1) != nil { return .inner(candidate) }
    }
    return nil
  }

  /// What was set on a tensor in Python, beside its elements.
  func attributes(of id: PickleID) -> [(key: PickleID, value: PickleID)] {
    if quickMaker(of: id) == .rebuilder { return [] }
    guard case .object(let object) = graph[id], object.arguments.count > 3,
      let name = graph.callableName(object.callable),
      name == "torch._utils._rebuild_parameter_with_state" || Self.typed.contains(name),
      graph.globalName(object.arguments[1])?.hasSuffix(".DTensor") != true
    else { return [] }
    // A __dict__, or a pair of that and slots.
    let parts = [object.arguments[3]] + (graph.items(object.arguments[3]) ?? [])
    return parts.flatMap { graph.pairs($0) ?? [] }
  }

  // MARK: Errors

  func malformed(_ reason: String, at id: PickleID) -> Failure {
    location.failure(
      "\(reason)", at: graph.offset(of: id), remedies: ["the file is damaged, or made to mislead"])
  }

  func unsupported(_ what: String, at id: PickleID) -> Failure {
    location.failure("\(what) is not supported", at: graph.offset(of: id))
  }
}
