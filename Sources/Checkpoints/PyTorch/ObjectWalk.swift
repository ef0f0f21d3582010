internal import Bytes
internal import Pickle
internal import Tensors

/// Something at the end of a path through the pickled object: a tensor, or a value that is none.
struct Leaf {
  /// Dict keys, list indices and attribute names from the root.
  let components: [String]
  let tensor: Tensor?
  let kind: String
  let value: String
  /// Whether the path leads through an object of a class that we know nothing of.
  let isInsideObject: Bool

  var path: String { components.joined(separator: ".") }
}

/// Walks the pickled object in the order of the file, without recursion.
///
/// Shared values are visited once for each path, cycles are cut. Paths and depth are bounded, since a few bytes
/// can describe 2⁴⁰ paths.
struct ObjectWalk {
  let graph: PickleGraph
  let path: String
  let record: String

  static let maximumDepth = 1000
  static let maximumPaths = 500_000

  private struct Frame {
    let id: PickleID
    let isObject: Bool
    let children: [(name: String, id: PickleID)]
    var next = 0
  }

  func leaves(_ tensors: TensorBuilder) throws -> [Leaf] {
    var leaves: [Leaf] = []
    var components: [String] = []
    var frames: [Frame] = []
    var onPath: Set<PickleID> = []
    var visited = 0

    func visit(_ id: PickleID, insideObject: Bool) throws {
      visited += 1
      // A tuple of plain values is one leaf, but looking at it takes as long as it is.
      if case .tuple(let items) = graph[id] { visited += items.count }
      if visited > Self.maximumPaths {
        throw CheckpointError(
          path, record: record,
          "its object has more than \(Self.maximumPaths) paths: a bomb, or not a checkpoint")
      }
      if let leaf = try leaf(id, components, insideObject, tensors) { leaves.append(leaf) }
      // A cycle is cut before its children are listed: a list may hold itself a million times.
      guard !onPath.contains(id), let (children, isOpaque) = try children(id, tensors) else { return }
      if frames.count >= Self.maximumDepth {
        throw CheckpointError(
          path, record: record, "its object nests deeper than \(Self.maximumDepth) levels")
      }
      onPath.insert(id)
      frames.append(Frame(id: id, isObject: insideObject || isOpaque, children: children))
    }

    try visit(graph.root, insideObject: false)
    while let frame = frames.last {
      if frame.next == frame.children.count {
        frames.removeLast()
        onPath.remove(frame.id)
        if !frames.isEmpty { components.removeLast() }
        continue
      }
      frames[frames.count - 1].next += 1
      let depth = frames.count
      components.append(frame.children[frame.next].name)
      try visit(frame.children[frame.next].id, insideObject: frame.isObject)
      // A leaf opened no frame; its name ends here.
      if frames.count == depth { components.removeLast() }
    }
    return leaves
  }

  func warnings(_ leaves: [Leaf]) -> [String] {
    let inside = leaves.count { $0.isInsideObject && $0.tensor != nil }
    return inside == 0
      ? []
      : ["\(inside) tensors lie inside objects of unknown classes; --key . shows them under their full path"]
  }

  /// What a value is in itself; `nil` for containers, which are what their children are.
  private func leaf(
    _ id: PickleID, _ components: [String], _ insideObject: Bool, _ tensors: TensorBuilder
  ) throws -> Leaf? {
    func value(_ kind: String, _ text: String) -> Leaf {
      Leaf(components: components, tensor: nil, kind: kind, value: text, isInsideObject: insideObject)
    }
    let text = PythonText(graph: graph)
    switch graph[id] {
    case .dict(let items): return items.isEmpty ? value("dict", "{}") : nil
    case .list(let items), .set(let items): return items.isEmpty ? value(graph[id].kind, "[]") : nil
    case .tuple(let items):
      // A tuple of plain values, such as betas, reads better whole.
      return items.allSatisfy(isPlain) ? value("tuple", text.brief(id)) : nil
    case .object(let object):
      if tensors.isTensor(object) {
        let tensor = try tensors.tensor(id)
        return Leaf(
          components: components, tensor: tensor, kind: "tensor", value: "\(tensor.dtype) \(tensor.shape)",
          isInsideObject: insideObject)
      }
      if isTransparent(object) {
        return object.items.isEmpty && object.arguments.isEmpty ? value("dict", "{}") : nil
      }
      return value(text.className(object), object.arguments.isEmpty ? "" : arguments(object, text))
    default: return value(graph[id].kind, text.brief(id))
    }
  }

  private func arguments(_ object: PickleObject, _ text: PythonText) -> String {
    "(" + object.arguments.prefix(4).map { text.brief($0, depth: 1) }.joined(separator: ", ") + ")"
  }

  private func isPlain(_ id: PickleID) -> Bool {
    switch graph[id] {
    case .none, .bool, .int, .bigInt, .float, .string: true
    default: false
    }
  }

  /// Containers of the standard library that are nothing but their items.
  private func isTransparent(_ object: PickleObject) -> Bool {
    ["collections.OrderedDict", "collections.defaultdict", "collections.Counter"]
      .contains(graph.globalName(object.callable))
  }

  private func children(
    _ id: PickleID, _ tensors: TensorBuilder
  ) throws -> (children: [(name: String, id: PickleID)], isOpaque: Bool)? {
    switch graph[id] {
    case .dict(let items): return (try named(items, at: id), false)
    case .list(let items), .set(let items): return (indexed(items), false)
    case .tuple(let items): return items.allSatisfy(isPlain) ? nil : (indexed(items), false)
    case .object(let object):
      if tensors.isTensor(object) { return nil }
      if isTransparent(object) {
        return (try named(initialItems(object) + object.items, at: id), false)
      }
      let state = object.states.flatMap(stateItems)
      let children = try named(object.items + state, at: id) + indexed(object.elements)
      return children.isEmpty ? nil : (children, true)
    default: return nil
    }
  }

  /// The pairs that OrderedDict was called with: a dict, or a list of pairs.
  private func initialItems(_ object: PickleObject) -> [(key: PickleID, value: PickleID)] {
    guard let first = object.arguments.first(where: { if case .global = graph[$0] { false } else { true } })
    else {
      return []
    }
    switch graph[first] {
    case .dict(let items): return items
    case .list(let pairs), .tuple(let pairs):
      return pairs.compactMap { pair in
        switch graph[pair] {
        case .list(let parts) where parts.count == 2, .tuple(let parts) where parts.count == 2:
          return (parts[0], parts[1])
        default: return nil
        }
      }
    default: return []
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
    default: return []
    }
  }

  private func indexed(_ items: [PickleID]) -> [(name: String, id: PickleID)] {
    items.enumerated().map { (String($0.offset), $0.element) }
  }

  /// Keys as text.
  ///
  /// A key assigned twice keeps its first place and its last value, as in Python.
  private func named(
    _ items: [(key: PickleID, value: PickleID)], at id: PickleID
  ) throws -> [(name: String, id: PickleID)] {
    let text = PythonText(graph: graph)
    var result: [(name: String, id: PickleID)] = []
    var places: [ExactString: (place: Int, kind: String)] = [:]
    for (key, value) in items {
      let (name, kind) = (text.key(key), graph[key].kind)
      if let known = places[ExactString(name)] {
        guard known.kind == kind else {
          throw CheckpointError(
            path, record: record,
            "byte \(graph.offset(of: id)): a dict has the key \(name) both as \(known.kind) and as \(kind)",
            hints: ["their names would be the same, so neither can be told from the other"])
        }
        result[known.place].id = value
        continue
      }
      places[ExactString(name)] = (result.count, kind)
      result.append((name, value))
    }
    return result
  }
}
