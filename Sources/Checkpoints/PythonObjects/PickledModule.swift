internal import SuturePickle

/// An `nn.Module` that was pickled whole, taken apart without its class.
///
/// Its `__dict__` holds `_parameters`, `_buffers`, `_modules` and the names of the buffers that a state dict leaves
/// out; `state_dict()` is these three, in this order. A TorchScript module has them as plain attributes instead, and
/// its class in the archive's code says which is which.
struct PickledModule {
  struct Child {
    let name: String
    let id: PickleID
    /// Whether `state_dict()` leaves it out.
    let isAttribute: Bool
  }

  let children: [Child]

  /// Functions that make a module of its `__dict__`, their first argument: those of `torch.fx` run the code that comes with
  /// it, of which nothing is needed for its tensors.
  static func isTakenApart(_ name: String) -> Bool { makers.contains(name) }

  private static let makers: Set<String> = [
    "torch.fx.graph_module.reduce_graph_module", "torch.fx.graph_module.reduce_package_graph_module",
    "torch.fx.graph_module.reduce_deploy_graph_module",
  ]

  /// `nil` where the object is no module.
  init?(_ object: PickleObject, in graph: PickleGraph, script: ScriptClasses?) {
    // torch.compile's module is called with the one that it compiles, whose names begin with this.
    if object.states.isEmpty, let inner = object.arguments.first,
      graph.callableName(object.callable) == "torch._dynamo.eval_frame.OptimizedModule"
    {
      children = [Child(name: "_orig_mod", id: inner, isAttribute: false)]
      return
    }
    guard let items = Self.attributes(object, graph) else { return nil }
    if let name = graph.callableName(object.callable), let type = script?[name] {
      children = items.compactMap { key, value in
        graph.string(key).map { name in
          Child(
            name: name, id: value,
            isAttribute: !type.members.contains(name) && !Self.isScriptModule(value, graph, script))
        }
      }
      return
    }
    var fields: [String: PickleID] = [:]
    for (key, value) in items { if let name = graph.string(key) { fields[name] = value } }
    guard let parameters = fields["_parameters"].flatMap({ graph.pairs($0) }),
      let modules = fields["_modules"].flatMap({ graph.pairs($0) })
    else { return nil }
    let transient = Set(fields["_non_persistent_buffers_set"].map { Self.names($0, graph) } ?? [])
    let text = PythonText(graph: graph)
    var children: [Child] = []
    for (key, value) in parameters where !graph.isNone(value) {
      children.append(Child(name: text.key(key), id: value, isAttribute: false))
    }
    for (key, value) in fields["_buffers"].flatMap({ graph.pairs($0) }) ?? [] where !graph.isNone(value) {
      let name = text.key(key)
      children.append(Child(name: name, id: value, isAttribute: transient.contains(name)))
    }
    for (key, value) in modules where !graph.isNone(value) {
      children.append(Child(name: text.key(key), id: value, isAttribute: false))
    }
    for (key, value) in items {
      let name = text.key(key)
      if Self.containers.contains(name) || Self.isBookkeeping(name, value, graph) { continue }
      children.append(Child(name: name, id: value, isAttribute: true))
    }
    self.children = children
  }

  /// The `__dict__` of what may be a module.
  private static func attributes(_ object: PickleObject, _ graph: PickleGraph) -> [(
    key: PickleID, value: PickleID
  )]? {
    if let state = object.states.last {
      if case .dict(let items) = graph[state] { return items }
      // A `__getstate__` of its own may have the dict beside other things, and slots do.
      for part in graph.items(state)?.prefix(4) ?? [] {
        if case .dict(let items) = graph[part],
          items.contains(where: { graph.string($0.key) == "_parameters" })
        {
          return items
        }
      }
    }
    guard let name = graph.callableName(object.callable), let first = object.arguments.first,
      case .dict(let items) = graph[first]
    else { return nil }
    if makers.contains(name) { return items }
    // StyleGAN's torch_utils.persistence: a dict about the class, with the state in it.
    guard name.hasSuffix("persistence._reconstruct_persistent_obj"),
      let state = items.first(where: { graph.string($0.key) == "state" })?.value,
      case .dict(let inside) = graph[state]
    else { return nil }
    return inside
  }

  private static func isScriptModule(_ id: PickleID, _ graph: PickleGraph, _ script: ScriptClasses?) -> Bool {
    guard case .object(let object) = graph[id] else { return false }
    return graph.callableName(object.callable).map { script?[$0] != nil } ?? false
  }

  private static let containers: Set<String> = [
    "_parameters", "_buffers", "_modules", "_non_persistent_buffers_set",
  ]

  /// Whether an attribute is one that every module has and that says nothing: empty tables of hooks and the like.
  private static func isBookkeeping(_ name: String, _ id: PickleID, _ graph: PickleGraph) -> Bool {
    guard name.hasPrefix("_") else { return false }
    switch graph[id] {
    case .none: return true
    case .dict(let items): return items.isEmpty
    case .object(let object):
      return object.items.isEmpty && object.states.isEmpty && name.hasSuffix("hooks")
        || name == "_backend" || (object.items.isEmpty && name.hasSuffix("_called"))
        || (object.items.isEmpty && name.hasSuffix("_kwargs"))
    default: return false
    }
  }

  /// The texts in a set, which protocols below 4 spell as a call of `set`.
  private static func names(_ id: PickleID, _ graph: PickleGraph) -> [String] {
    switch graph[id] {
    case .set(let items), .list(let items), .tuple(let items): items.compactMap { graph.string($0) }
    case .object(let object):
      object.arguments.first.flatMap { graph.items($0) }?.compactMap { graph.string($0) } ?? []
    default: []
    }
  }
}

extension PickleGraph {
  func isNone(_ id: PickleID) -> Bool { if case .none = self[id] { true } else { false } }

  /// The pairs that OrderedDict was called with: a dict, or a list of pairs.
  func initialItems(_ object: PickleObject) -> [(key: PickleID, value: PickleID)] {
    guard let first = object.arguments.first(where: { globalName($0) == nil }) else { return [] }
    if case .dict(let items) = self[first] { return items }
    return items(first)?.compactMap { pair in
      items(pair).flatMap { $0.count == 2 ? ($0[0], $0[1]) : nil }
    } ?? []
  }
}
