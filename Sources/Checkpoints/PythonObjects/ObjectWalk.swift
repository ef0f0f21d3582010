internal import SutureBytes
internal import SuturePickle
internal import SutureTensors
internal import SutureText

/// Walks the pickled object in the order of the file, without recursion.
///
/// Shared values are visited once for each path, cycles are cut. Paths and depth are bounded, since a few bytes
/// can describe 2⁴⁰ paths.
struct ObjectWalk {
  private(set) var leaves: [Leaf] = []
  /// The modules that were pickled whole, and their classes.
  private(set) var modules: [Checkpoint.Module] = []

  /// The tensors that were met.
  private(set) var tensorIDs: Set<PickleID> = []

  private let graph: PickleGraph
  private let tensors: TensorBuilder
  private let location: PickleLocation
  private let limits: ReadLimits
  private let script: ScriptClasses?
  private let text: PythonText

  private var components: [String] = []
  private var frames: [Frame] = []
  private var onPath: Set<PickleID> = []
  private var visited = 0

  private struct Frame {
    let id: PickleID
    let children: [Child]
    var next = 0
  }

  private struct Child {
    let name: String
    let id: PickleID
    let opaqueDepths: [Int]
  }

  init(_ object: PickledObject, script: ScriptClasses?) {
    (graph, tensors, location) = (object.graph, object.tensors, object.location)
    (limits, self.script) = (object.limits, script)
    text = PythonText(graph: object.graph, tensors: object.tensors)
  }

  mutating func run() throws {
    try visit(graph.root, [])
    while let frame = frames.last {
      if frame.next == frame.children.count {
        frames.removeLast()
        onPath.remove(frame.id)
        if !frames.isEmpty { components.removeLast() }
        continue
      }
      frames[frames.count - 1].next += 1
      let depth = frames.count
      let child = frame.children[frame.next]
      components.append(child.name)
      try visit(child.id, child.opaqueDepths)
      // A leaf opened no frame; its name ends here.
      if frames.count == depth { components.removeLast() }
    }
  }

  private mutating func visit(_ tagged: PickleID, _ opaqueDepths: [Int]) throws {
    let id = graph.withoutTypeTag(tagged)
    visited += 1
    // A tuple of plain values is one leaf, but looking at it takes as long as it is.
    if case .tuple(let items) = graph[id] { visited += items.count }
    if visited > limits.paths {
      throw location.failure(
        "its object has more than \(limits.paths) paths: a bomb, or not a checkpoint",
        remedies: [.setting("limit", value: "paths=N", "allows more")])
    }
    if let leaf = try leaf(id, opaqueDepths) { leaves.append(leaf) }
    // A cycle is cut before its children are listed: a list may hold itself a million times.
    guard !onPath.contains(id), let children = try children(id, opaqueDepths) else { return }
    if frames.count >= limits.depth {
      throw location.failure(
        "its object nests deeper than \(limits.depth) levels",
        remedies: [.setting("limit", value: "depth=N", "allows more")])
    }
    onPath.insert(id)
    frames.append(Frame(id: id, children: children))
  }

  // MARK: Leaves

  /// What a value is in itself; `nil` for containers, which are what their children are.
  private mutating func leaf(_ id: PickleID, _ opaqueDepths: [Int]) throws -> Leaf? {
    func value(_ kind: String, _ text: String) -> Leaf {
      Leaf(components: components, tensor: nil, kind: kind, value: text, opaqueDepths: opaqueDepths)
    }
    if tensors.isTensor(id) {
      tensorIDs.insert(id)
      let tensor = try tensors.tensor(id)
      return Leaf(
        components: components, tensor: tensor, kind: "tensor", value: "\(tensor.dtype) \(tensor.shape)",
        opaqueDepths: opaqueDepths)
    }
    switch graph[id] {
    case .dict(let items): return items.isEmpty ? value("dict", "{}") : nil
    case .list(let items), .set(let items): return items.isEmpty ? value(graph[id].kind, "[]") : nil
    case .tuple(let items):
      // A tuple of plain values, such as betas, reads better whole.
      return items.allSatisfy(isPlain) ? value("tuple", text.brief(id)) : nil
    case .object(let object):
      if isTransparent(object) {
        return object.items.isEmpty && object.arguments.isEmpty ? value("dict", "{}") : nil
      }
      if isModule(object) { return value(text.className(object), "module") }
      return value(text.kind(object), text.value(object))
    case .persistent: return value("storage", text.brief(id))
    default: return value(graph[id].kind, text.brief(id))
    }
  }

  private func isPlain(_ id: PickleID) -> Bool {
    switch graph[id] {
    case .none, .bool, .int, .bigInt, .float, .string: true
    default: false
    }
  }

  /// Containers of the standard library that are nothing but their items.
  static let transparent: Set<String> = [
    "collections.OrderedDict", "collections.defaultdict", "collections.Counter",
  ]

  private func isTransparent(_ object: PickleObject) -> Bool {
    graph.globalName(object.callable).map(Self.transparent.contains) ?? false
  }

  private func isModule(_ object: PickleObject) -> Bool {
    PickledModule(object, in: graph, script: script) != nil
  }

  // MARK: Children

  private mutating func children(_ id: PickleID, _ opaqueDepths: [Int]) throws -> [Child]? {
    if tensors.isTensor(id) { return nil }
    switch graph[id] {
    case .dict(let items): return try named(items, at: id, opaqueDepths)
    case .list(let items), .set(let items): return indexed(items, opaqueDepths)
    case .tuple(let items): return items.allSatisfy(isPlain) ? nil : indexed(items, opaqueDepths)
    case .object(let object):
      if isTransparent(object) {
        return try named(graph.initialItems(object) + object.items, at: id, opaqueDepths)
      }
      if let module = PickledModule(object, in: graph, script: script) {
        modules.append(
          .init(
            path: components.joined(separator: "."), className: text.className(object),
            depth: components.count))
        return module.children.map {
          Child(
            name: $0.name, id: $0.id,
            opaqueDepths: $0.isAttribute ? opaqueDepths + [components.count + 1] : opaqueDepths)
        }
      }
      // An array is its text; its buffer would only repeat it.
      if graph.globalName(object.callable).map(NumpyArray.isReconstructor) == true { return nil }
      let inside = opaqueDepths + [components.count]
      let state = object.states.flatMap(stateItems)
      let children =
        try named(object.items + state, at: id, inside)
        + indexed(object.elements + object.states.flatMap(stateElements), inside)
      return children.isEmpty ? nil : children
    default: return nil
    }
  }

  /// What BUILD set: a `__dict__`, or the pair of `__dict__` and slots.
  private func stateItems(_ id: PickleID) -> [(key: PickleID, value: PickleID)] {
    switch graph[id] {
    case .dict(let items): return items
    case .tuple(let parts):
      return parts.flatMap { part -> [(key: PickleID, value: PickleID)] in
        if case .dict(let items) = graph[part] { items } else { [] }
      }
    case .object(let object) where isTransparent(object): return graph.initialItems(object) + object.items
    default: return []
    }
  }

  /// The parts of a state that is a plain tuple, as classes with a `__getstate__` of their own have.
  private func stateElements(_ id: PickleID) -> [PickleID] {
    guard let parts = graph.items(id) else { return [] }
    return parts.filter { part in
      if case .dict = graph[part] { false } else { !isPlain(part) }
    }
  }

  private func indexed(_ items: [PickleID], _ opaqueDepths: [Int]) -> [Child] {
    items.enumerated().map { Child(name: String($0.offset), id: $0.element, opaqueDepths: opaqueDepths) }
  }

  /// Keys as text.
  ///
  /// A key assigned twice keeps its first place and its last value, as in Python.
  private func named(
    _ items: [(key: PickleID, value: PickleID)], at id: PickleID, _ opaqueDepths: [Int]
  ) throws -> [Child] {
    var result: [Child] = []
    var places: [ExactString: (place: Int, kind: String)] = [:]
    for (key, value) in items {
      let (name, kind) = (text.key(key), graph[key].kind)
      let child = Child(name: name, id: value, opaqueDepths: opaqueDepths)
      guard let known = places[ExactString(name)] else {
        places[ExactString(name)] = (result.count, kind)
        result.append(child)
        continue
      }
      guard known.kind == kind else {
        throw location.failure(
          "a dict has the key \(name) both as \(known.kind) and as \(kind)", at: graph.offset(of: id),
          remedies: ["their names would be the same, so neither can be told from the other"])
      }
      result[known.place] = child
    }
    return result
  }
}
