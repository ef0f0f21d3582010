internal import SuturePickle

/// What a pickled value is to Python: one definition, for the tensors of a file and for everything else in it.
enum PythonValue {
  /// None, a bool, a number, a text or bytes.
  case atom
  case tensor
  case list([PickleID])
  case tuple([PickleID])
  case set([PickleID])
  /// A dict, or what a class of the standard library makes of one, with the call that does.
  case dict([(key: PickleID, value: PickleID)], object: PickleObject?)
  case module(PickledModule, PickleObject)
  /// An array of NumPy.
  case array(PickleObject)
  /// Any other call, none of which is made.
  case object(PickleObject)
  /// A class or a function.
  case global
  /// A storage without a tensor.
  case storage

  var isModule: Bool { if case .module = self { true } else { false } }
}

/// Says what pickled values are.
struct PythonValues {
  let graph: PickleGraph
  let tensors: TensorBuilder
  let script: ScriptClasses?

  /// Containers of the standard library that are nothing but their items.
  static let dictClasses: Set<String> = [
    "collections.OrderedDict", "collections.defaultdict", "collections.Counter",
  ]

  subscript(id: PickleID) -> PythonValue {
    if tensors.isTensor(id) { return .tensor }
    switch graph[id] {
    case .none, .bool, .int, .bigInt, .float, .string, .bytes: return .atom
    case .list(let items): return .list(items)
    case .tuple(let items): return .tuple(items)
    case .set(let items): return .set(items)
    case .dict(let items): return .dict(items, object: nil)
    case .global: return .global
    case .persistent: return .storage
    case .object(let object):
      let name = graph.globalName(object.callable)
      if let name, Self.dictClasses.contains(name) {
        return .dict(graph.initialItems(object) + object.items, object: object)
      }
      if let module = PickledModule(object, in: graph, script: script) { return .module(module, object) }
      if let name, let items = userDict(object, name) { return .dict(items, object: object) }
      if let made = reconstructed(object, name) { return made }
      // Protocols below 4 spell a set as a call; one of plain values is a value itself.
      if let name, Self.sets.contains(name), object.arguments.count == 1,
        let items = graph.items(object.arguments[0]), items.contains(where: { tensors.isTensor($0) })
      {
        return .set(items)
      }
      // What is given items by key is a dict, and what is given them in order a list, whatever the class.
      if !object.items.isEmpty, object.elements.isEmpty { return .dict(object.items, object: object) }
      if !object.elements.isEmpty, object.items.isEmpty { return .list(object.elements) }
      if let array = NumpyArray.objects(object, graph) { return .list(array.items) }
      return name.map(NumpyArray.isReconstructor) == true ? .array(object) : .object(object)
    }
  }

  /// The items of a `collections.UserDict`, which it keeps as an attribute.
  private func userDict(_ object: PickleObject, _ name: String) -> [(key: PickleID, value: PickleID)]? {
    guard Self.userDicts.contains(name),
      let data = state(of: object).items.first(where: { graph.string($0.key) == "data" })?.value
    else { return nil }
    if case .dict(let items) = graph[data] { return items }
    return nil
  }

  /// What protocols below 2 make of a class derived from dict or list: `copyreg._reconstructor(class, dict, {…})`.
  private func reconstructed(_ object: PickleObject, _ name: String?) -> PythonValue? {
    guard name?.hasSuffix("._reconstructor") == true, object.arguments.count == 3 else { return nil }
    switch (graph.globalName(object.arguments[1]), graph[object.arguments[2]]) {
    case ("builtins.dict", .dict(let items)), ("__builtin__.dict", .dict(let items)):
      return .dict(items + object.items, object: object)
    case ("builtins.list", .list(let items)), ("__builtin__.list", .list(let items)):
      return .list(items + object.elements)
    default: return nil
    }
  }

  /// The class of which a call makes an object, by way of `copyreg._reconstructor` too.
  func className(_ object: PickleObject) -> String? {
    let name = graph.callableName(object.callable)
    guard name?.hasSuffix("._reconstructor") == true, let first = object.arguments.first else { return name }
    return graph.globalName(first) ?? name
  }

  private static let sets: Set<String> = [
    "builtins.set", "__builtin__.set", "builtins.frozenset", "__builtin__.frozenset",
  ]

  private static let userDicts: Set<String> = [
    "collections.UserDict", "UserDict.UserDict", "UserDict.IterableUserDict",
  ]

  /// The items of an object of a tuple's class, such as a named tuple; none of any other.
  func tupleItems(_ object: PickleObject) -> [PickleID] {
    guard object.states.isEmpty, object.items.isEmpty, object.elements.isEmpty else { return [] }
    if object.isNew { return object.arguments }
    guard let name = graph.globalName(object.callable) else { return [] }
    if name.hasPrefix("torch.return_types.") {
      return object.arguments.first.flatMap { graph.items($0) } ?? []
    }
    guard name.hasSuffix("._reconstructor"), object.arguments.count == 3,
      graph.globalName(object.arguments[1])?.hasSuffix(".tuple") == true
    else { return [] }
    return graph.items(object.arguments[2]) ?? []
  }

  /// Whether a value is an atom that is shown whole, as numbers in a tuple of betas are.
  func isPlain(_ id: PickleID) -> Bool {
    switch graph[id] {
    case .none, .bool, .int, .bigInt, .float, .string: true
    default: false
    }
  }

  /// What BUILD set on an object: the pairs of a `__dict__`, or of the pair of `__dict__` and slots, and the parts of a
  /// plain tuple, as classes with a `__getstate__` of their own have.
  func state(of object: PickleObject) -> (items: [(key: PickleID, value: PickleID)], elements: [PickleID]) {
    (object.states.flatMap(stateItems), object.states.flatMap(stateElements))
  }

  private func stateItems(_ id: PickleID) -> [(key: PickleID, value: PickleID)] {
    switch graph[id] {
    case .dict(let items): return items
    case .tuple(let parts):
      return parts.flatMap { part -> [(key: PickleID, value: PickleID)] in
        if case .dict(let items) = graph[part] { items } else { [] }
      }
    case .object(let object) where graph.globalName(object.callable).map(Self.dictClasses.contains) == true:
      return graph.initialItems(object) + object.items
    default: return []
    }
  }

  private func stateElements(_ id: PickleID) -> [PickleID] {
    guard let parts = graph.items(id) else { return [] }
    return parts.filter { part in if case .dict = graph[part] { false } else { !isPlain(part) } }
  }
}
