internal import SutureBytes
internal import SuturePickle
internal import SutureTensors
internal import SutureText

/// Makes plain data of a pickled object, so that it can be written again without a class in it.
///
/// Objects of classes become dicts of their attributes, numbers of NumPy become Python's, modules
/// their state dicts. What was made by a call of something unknown cannot be kept, and is told.
struct PlainObjectReader {
  private let graph: PickleGraph
  private let tensors: TensorBuilder
  private let text: PythonText
  private let limits: ReadLimits
  private let script: ScriptClasses?
  private let wrapper: [String]
  /// The names of the state dict, where its structure is kept; `nil` where the dict is put in as a whole.
  private let names: Set<ExactString>?

  private var path: [String] = []
  private var onPath: Set<PickleID> = []
  private var visited = 0
  private var notes: [String] = []
  private var hasPlace = false
  private var entryCount = 0
  /// How many objects of unknown classes the path leads through.
  private var opaqueDepth = 0

  /// Deeper is nothing that a program wrote for another.
  private static let mostLevels = 100

  /// - Parameter stateDict: what was found under `wrapper`.
  /// - Parameter keepsStructure: whether each tensor of the state dict stays where it is in the object.
  init(_ object: PickledObject, script: ScriptClasses?, _ choice: WrapperChoice, keepsStructure: Bool) {
    (graph, tensors, limits, self.script) = (object.graph, object.tensors, object.limits, script)
    text = PythonText(graph: object.graph, tensors: object.tensors)
    wrapper = choice.wrapper
    names = keepsStructure ? Set(choice.stateDict.names.map(ExactString.init)) : nil
  }

  /// The object, or the bare state dict where it has no place for all of that.
  mutating func read() throws -> PlainObject {
    let root = try value(graph.root)
    guard let root, hasPlace || names.map({ entryCount == $0.count }) == true else {
      return PlainObject(root: .stateDict, wrapper: [], notes: ["left out: everything beside the state dict"])
    }
    return PlainObject(root: root, wrapper: wrapper, notes: notes)
  }

  /// `nil` for what cannot be kept, which has then been told.
  private mutating func value(_ tagged: PickleID) throws -> PlainValue? {
    let id = graph.withoutTypeTag(tagged)
    visited += 1
    guard visited <= limits.paths, path.count <= min(limits.depth, Self.mostLevels) else {
      return leaveOut("is nested or repeated beyond measure")
    }
    if tensors.isTensor(id) { return try tensor(id) }
    if path == wrapper, names == nil || isModule(id) {
      hasPlace = true
      return .stateDict
    }
    guard onPath.insert(id).inserted else { return leaveOut("holds itself") }
    defer { onPath.remove(id) }
    switch graph[id] {
    case .none: return PlainValue.none
    case .bool(let value): return .bool(value)
    case .int(let value): return .int(value)
    case .bigInt(let bytes):
      return bytes.count < 256 ? .bigInt(bytes) : leaveOut("is a number of many digits")
    case .float(let value): return .float(value)
    case .string(let text): return .string(text)
    case .bytes(let bytes): return .bytes(bytes)
    case .list(let items): return .list(try elements(items))
    case .set(let items): return set(items)
    case .tuple(let items): return .tuple(try elements(items))
    case .dict(let items): return .dict(try pairs(items))
    case .global(_, let name):
      guard let type = graph.globalName(id).flatMap(TorchDType.named) else {
        return leaveOut("is the class or function \(PickledObject.printable(name))")
      }
      return .dtype(type)
    case .persistent: return leaveOut("is a storage without a tensor")
    case .object(let object): return try plain(object, id)
    }
  }

  private mutating func tensor(_ id: PickleID) throws -> PlainValue? {
    if let names, path.starts(with: wrapper) {
      let name = path.dropFirst(wrapper.count).joined(separator: ".")
      if names.contains(ExactString(name)) {
        entryCount += 1
        return .entry(name)
      }
    }
    if !isApart {
      return leaveOut("is a tensor inside an object, and would be taken for one of the state dict")
    }
    let tensor = try tensors.tensor(id)
    if case .meta = tensor.layout { return leaveOut("is a tensor without elements") }
    return .tensor(tensor)
  }

  /// Whether a tensor here is no part of the state dict, and cannot be taken for one when the file is read again.
  private var isApart: Bool { opaqueDepth == 0 && !path.starts(with: wrapper) }

  // MARK: Objects

  private mutating func plain(_ object: PickleObject, _ id: PickleID) throws -> PlainValue? {
    let name = graph.callableName(object.callable) ?? ""
    if name == "collections.OrderedDict" {
      let state = object.states.last.flatMap { id in
        if case .dict(let items) = graph[id] { items } else { nil }
      }
      return .orderedDict(
        try pairs(graph.initialItems(object) + object.items), attributes: try pairs(state ?? []))
    }
    if ObjectWalk.transparent.contains(name) {
      turn(name, "a dict")
      return .dict(try pairs(graph.initialItems(object) + object.items))
    }
    if isModule(id) { return try module(object, name) }
    if let scalar = NumpyScalar(object, graph) {
      turn("a number of NumPy", "Python's own")
      return scalar.plain
    }
    if let array = NumpyArray(id, graph) { return try plain(array, id) }
    if name == "torch.Size", let items = object.arguments.first.flatMap({ graph.items($0) }) {
      let sizes = items.compactMap { graph.int($0) }
      if sizes.count == items.count { return .size(sizes) }
    }
    if let bytes = graph.bytesOf(object) { return .bytes(bytes) }
    switch name {
    case "builtins.set", "__builtin__.set", "builtins.frozenset", "__builtin__.frozenset":
      return set(object.arguments.first.flatMap { graph.items($0) } ?? [])
    case "builtins.complex", "__builtin__.complex":
      let parts = object.arguments.compactMap { graph.double($0) }
      if parts.count == 2 { return .complex(parts[0], parts[1]) }
    default: break
    }
    if let text = plainText(object, name) {
      turn(PickledObject.printable(name), "a text")
      return .string(text)
    }
    return try attributes(of: object, name)
  }

  /// A path or a device, as `str()` gives it.
  private func plainText(_ object: PickleObject, _ name: String) -> String? {
    let parts = object.arguments.compactMap { graph.string($0) }
    if name == "torch.device", let type = parts.first, parts.count + 1 >= object.arguments.count {
      return object.arguments.count == 2 ? graph.int(object.arguments[1]).map { "\(type):\($0)" } : type
    }
    guard ["pathlib.PosixPath", "pathlib.PurePosixPath", "pathlib.Path"].contains(name),
      parts.count == object.arguments.count
    else { return nil }
    return (parts.first == "/" ? "/" : "") + parts.filter { $0 != "/" }.joined(separator: "/")
  }

  private mutating func plain(_ array: NumpyArray, _ id: PickleID) throws -> PlainValue? {
    guard let tensor = try? array.tensor(tensors.location, at: graph.offset(of: id)) else {
      return leaveOut("is a NumPy array that cannot be right")
    }
    if isApart {
      turn("a NumPy array", "a tensor")
      return .tensor(tensor)
    }
    guard tensor.elementCount <= Self.mostListed, let items = try PlainValue.list(of: tensor) else {
      return leaveOut("is a NumPy array, and as a tensor would be taken for one of the state dict")
    }
    turn("a NumPy array", "a list of its elements")
    return items
  }

  private static let mostListed = 100_000

  /// What BUILD set on an object that was made without being told anything.
  private mutating func attributes(of object: PickleObject, _ name: String) throws -> PlainValue? {
    let isReconstructed = name == "copy_reg._reconstructor" || name == "copyreg._reconstructor"
    let isPlain = object.arguments.isEmpty || isReconstructed
    let shown = isReconstructed ? object.arguments.first.flatMap { graph.globalName($0) } ?? name : name
    guard isPlain, object.keywords == nil, object.elements.isEmpty, object.items.isEmpty,
      let state = object.states.last, case .dict(let items) = graph[state]
    else {
      return leaveOut("is an object, \(PickledObject.printable(shown)), that is more than its attributes")
    }
    turn("an object, \(PickledObject.printable(shown)),", "a dict of its attributes")
    opaqueDepth += 1
    defer { opaqueDepth -= 1 }
    return .dict(try pairs(items))
  }

  private func isModule(_ id: PickleID) -> Bool {
    guard case .object(let object) = graph[id] else { return false }
    return PickledModule(object, in: graph, script: script) != nil
  }

  /// The state dict that a module would have.
  private mutating func module(_ object: PickleObject, _ name: String) throws -> PlainValue {
    turn("a module, \(PickledObject.printable(name)),", "its state dict")
    var result: [(key: PlainValue, value: PlainValue)] = []
    var waiting = [(prefix: "", object: object)]
    while let (prefix, object) = waiting.popLast() {
      guard let module = PickledModule(object, in: graph, script: script) else { continue }
      var inner: [(prefix: String, object: PickleObject)] = []
      for child in module.children where !child.isAttribute {
        visited += 1
        guard visited <= limits.paths, prefix.utf8.count < 4096 else { break }
        if tensors.isTensor(child.id) {
          let tensor = try inside(prefix + child.name) { (reader) in try reader.tensor(child.id) }
          if let tensor { result.append((.string(prefix + child.name), tensor)) }
        } else if case .object(let part) = graph[graph.withoutTypeTag(child.id)] {
          inner.append((prefix + child.name + ".", part))
        }
      }
      waiting += inner.reversed()
    }
    return .orderedDict(result, attributes: [])
  }

  // MARK: Containers

  private mutating func elements(_ items: [PickleID]) throws -> [PlainValue] {
    var result: [PlainValue] = []
    for (index, item) in items.enumerated() {
      // None stands for what is left out, so that the others keep their places.
      result.append(try inside(String(index)) { (reader) in try reader.value(item) } ?? .none)
    }
    return result
  }

  /// A set of what can be hashed.
  private mutating func set(_ items: [PickleID]) -> PlainValue? {
    let keys = items.compactMap { key($0) }
    return keys.count == items.count ? .set(keys) : leaveOut("is a set of more than plain values")
  }

  /// The items of a dict; a key that is assigned twice keeps its first place and its last value.
  private mutating func pairs(_ items: [(key: PickleID, value: PickleID)]) throws -> [(
    key: PlainValue, value: PlainValue
  )] {
    var result: [(key: PlainValue, value: PlainValue)] = []
    var places: [String: Int] = [:]
    for (keyID, valueID) in items {
      let name = text.key(keyID)
      let pair = try inside(name) { reader -> (PlainValue, PlainValue)? in
        guard let key = reader.key(keyID) else {
          return reader.leaveOut("has a key of a kind that is not kept")
        }
        return try reader.value(valueID).map { (key, $0) }
      }
      guard let (key, value) = pair else { continue }
      let identity = graph[keyID].kind + ":" + name
      if let place = places[identity] {
        result[place].value = value
      } else {
        places[identity] = result.count
        result.append((key, value))
      }
    }
    return result
  }

  /// A key: something plain that can be hashed.
  private func key(_ id: PickleID) -> PlainValue? {
    switch graph[id] {
    case .none: return PlainValue.none
    case .bool(let value): return .bool(value)
    case .int(let value): return .int(value)
    case .float(let value): return .float(value)
    case .string(let text): return .string(text)
    case .tuple(let items):
      let keys = items.map { item -> PlainValue? in
        // One level is what anyone uses.
        if case .tuple = graph[item] { nil } else { key(item) }
      }
      let found = keys.compactMap { $0 }
      return found.count == items.count ? .tuple(found) : nil
    default: return nil
    }
  }

  private mutating func inside<R>(_ name: String, _ body: (inout Self) throws -> R) rethrows -> R {
    path.append(name)
    defer { path.removeLast() }
    return try body(&self)
  }

  // MARK: What is told

  private static let mostNotes = 1000

  private mutating func leaveOut<R>(_ why: String) -> R? {
    note("left out: \(place) \(why)")
    return nil
  }

  private mutating func turn(_ what: String, _ into: String) {
    note("\(place) was \(what) and becomes \(into)")
  }

  private mutating func note(_ text: String) { if notes.count < Self.mostNotes { notes.append(text) } }

  private var place: String {
    path.isEmpty ? "the object" : PickledObject.printable(path.joined(separator: "."))
  }
}
