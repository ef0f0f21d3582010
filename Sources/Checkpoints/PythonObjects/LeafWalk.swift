internal import SuturePickle
internal import SutureTensors
internal import SutureText

/// Something at the end of a path through the pickled object: a tensor, or a value that is none.
struct Leaf {
  /// Dict keys, list indices, names of attributes, parameters and submodules from the root.
  let components: [String]
  let content: Content
  let kind: String
  /// What is said of a value that is no tensor.
  let text: String
  /// The lengths of the paths to objects of unknown classes and to attributes of modules along the way.
  let opaqueDepths: [Int]
  /// Whether the path leads through an attribute of a module.
  let isOfAttribute: Bool
  /// The value in its pickle; `nil` of what was made of several.
  let id: PickleID?

  /// What is there; most leaves are no tensors, and there may be a million.
  indirect enum Content {
    case value
    case tensor(Tensor)
    /// A tensor of a kind that is not read, and what is said of it where it is wanted.
    case refused(Failure)
  }

  /// - Parameter text: nothing of a tensor, whose dtype and shape are told.
  init(
    components: [String], content: Content, kind: String, text: String = "", opaqueDepths: [Int],
    isOfAttribute: Bool = false, id: PickleID? = nil
  ) {
    (self.components, self.content, self.kind, self.text) = (components, content, kind, text)
    (self.opaqueDepths, self.isOfAttribute, self.id) = (opaqueDepths, isOfAttribute, id)
  }

  /// What is said of it.
  var value: String { tensor.map { "\($0.dtype) \($0.shape)" } ?? text }

  var tensor: Tensor? { if case .tensor(let tensor) = content { tensor } else { nil } }
  var refusal: Failure? { if case .refused(let refusal) = content { refusal } else { nil } }

  var path: String { components[...].dotted }

  /// Whether its path begins with these components, byte for byte.
  func lies(in place: [String]) -> Bool {
    components.starts(with: place) { ExactString($0) == ExactString($1) }
  }

  /// Whether it belongs to the state dict for someone who enters the place `depth` components deep.
  func isPlain(from depth: Int) -> Bool { opaqueDepths.allSatisfy { $0 <= depth } }
}

extension ArraySlice<String> {
  /// A path of these components; nearly all have one, that is the path itself.
  var dotted: String { count == 1 ? self[startIndex] : joined(separator: ".") }
}

/// Finds everything that stands at the end of a path, and the modules on the way.
///
/// Paths and depth are bounded.
struct LeafWalk {
  private(set) var leaves: [Leaf] = []
  /// The modules that were pickled whole, and their classes.
  private(set) var modules: [Checkpoint.Module] = []
  /// The tensors that were met.
  private(set) var tensorIDs: [PickleID] = []
  private(set) var isMet: PickleTable<Bool>
  /// The paths of arrays whose elements torch has no dtype for.
  private(set) var oddArrays: [String] = []
  /// The paths of tensors on which something was set in Python.
  private(set) var attributed: [String] = []

  private let graph: PickleGraph
  private let tensors: TensorBuilder
  private let values: PythonValues
  private let location: PickleLocation
  private let limits: ReadLimits
  private let text: PythonText
  private var budget: WalkBudget
  private var pathBytes = 0
  private var plainData: PlainData
  private var keys: PickledKeys
  /// The names of keys with half characters, which no file could have.
  private var halfNames: Set<ExactString> = []
  /// What is shown by its name, and not looked into.
  private let leftOut: Set<PickleID>

  init(_ object: PickledObject, leavingOut leftOut: Set<PickleID> = []) {
    self.leftOut = leftOut
    (graph, tensors, values) = (object.graph, object.tensors, object.values)
    (location, limits) = (object.location, object.limits)
    isMet = PickleTable(graph, false)
    budget = WalkBudget(graph, paths: limits.paths(of: graph.valueCount))
    plainData = PlainData(values)
    text = PythonText(graph: graph, tensors: tensors)
    keys = PickledKeys(graph, text)
    leaves.reserveCapacity(graph.roomForCalls)
    tensorIDs.reserveCapacity(graph.roomForCalls)
  }

  mutating func run() throws {
    try PickleWalk.run(graph) { place in try visit(place) }
  }

  private mutating func visit(_ place: PickleWalk.Place) throws -> PickleWalk.Visit<Void> {
    budget.visit(place.id)
    if budget.isSpent {
      throw location.failure(
        "its object has more than \(budget.paths) paths: a bomb, or not a checkpoint",
        remedies: [.setting("limit", value: "paths=N", "allows more")])
    }
    if let key = place.path.last, key.utf8.count > limits.keyBytes {
      throw location.failure(
        "a key has \(key.utf8.count) bytes: a bomb, or not a checkpoint",
        remedies: [.setting("limit", value: "key-bytes=N", "allows more than \(limits.keyBytes)")])
    }
    if leftOut.contains(place.id), case .object(let object) = graph[place.id] {
      leaves.append(
        Leaf(
          components: place.path, content: .value, kind: text.kind(object), text: "left out",
          opaqueDepths: place.opaqueDepths))
      return .leaf(())
    }
    let value = values[place.id]
    if let leaf = try leaf(value, place) {
      try count(place)
      leaves.append(leaf)
    }
    guard !place.isCycle, let children = try children(value, place) else { return .leaf(()) }
    if place.depth >= limits.depth {
      throw location.failure(
        "its object nests deeper than \(limits.depth) levels",
        remedies: [.setting("limit", value: "depth=N", "allows more")])
    }
    return .inside(children) { _ in }
  }

  /// Long keys over many values would be said once for each.
  private mutating func count(_ place: PickleWalk.Place) throws {
    // Each component is kept by itself until the paths are said.
    pathBytes += place.pathByteCount + place.depth * MemoryLayout<String>.size
    let most = limits.pathBytes(of: graph.streamByteCount)
    if pathBytes > most {
      throw location.failure(
        "the paths through its object take more than \(most) bytes: a bomb, or not a checkpoint",
        remedies: [.setting("limit", value: "path-bytes=N", "allows more")])
    }
  }

  // MARK: Leaves

  /// What a value is in itself; `nil` for containers, which are what their children are.
  private mutating func leaf(_ value: PythonValue, _ place: PickleWalk.Place) throws -> Leaf? {
    func leaf(_ kind: String, _ text: String, _ content: Leaf.Content = .value) -> Leaf {
      Leaf(
        components: place.path, content: content, kind: kind, text: text, opaqueDepths: place.opaqueDepths,
        isOfAttribute: place.isOfAttribute, id: place.id)
    }
    if let count = plainCount(value, place.id) {
      if case .dict = value { return leaf("dict", "{\(count) items}") }
      return leaf(graph[place.id].kind, text.brief(place.id))
    }
    switch value {
    case .tensor:
      if !isMet[place.id] {
        isMet[place.id] = true
        tensorIDs.append(place.id)
      }
      if !halfNames.isEmpty, place.path.contains(where: { halfNames.contains(ExactString($0)) }) {
        return leaf(
          "tensor", "not read",
          .refused(
            location.failure(
              "a tensor's name has half characters (lone surrogates), which are not valid UTF-8",
              at: graph.offset(of: place.id), remedies: ["in Python: give it another name"])))
      }
      if let refusal = tensors.refusal(of: place.id) {
        return leaf("tensor", "not read", .refused(refusal))
      }
      let tensor = try tensors.tensor(place.id)
      return leaf("tensor", "", .tensor(tensor))
    case .dict(let items, _): return items.isEmpty ? leaf("dict", "{}") : nil
    case .list(let items), .set(let items): return items.isEmpty ? leaf(graph[place.id].kind, "[]") : nil
    // A tuple of plain values, such as betas, reads better whole.
    case .tuple(let items):
      return items.allSatisfy(values.isPlain) ? leaf("tuple", text.brief(place.id)) : nil
    case .module(_, let object): return leaf(text.className(object), "module")
    case .array(let object):
      oddArrays.append(place.path.joined(separator: "."))
      return leaf(text.kind(object), text.value(object))
    case .object(let object): return leaf(text.kind(object), text.value(object))
    case .storage: return leaf("storage", text.brief(place.id))
    case .atom, .global: return leaf(graph[place.id].kind, text.brief(place.id))
    }
  }

  /// How many items a container has that holds plain data in number, such as a vocabulary: it is one thing, and not as many.
  private mutating func plainCount(_ value: PythonValue, _ id: PickleID) -> Int? {
    let count: Int
    switch value {
    case .list(let items), .set(let items), .tuple(let items): count = items.count
    case .dict(let pairs, _): count = pairs.count
    default: return nil
    }
    return plainData.isInNumber(id) ? count : nil
  }

  // MARK: Children

  private mutating func children(_ value: PythonValue, _ place: PickleWalk.Place) throws
    -> [PickleWalk.Child]?
  {
    if plainCount(value, place.id) != nil { return nil }
    let opaqueDepths = place.opaqueDepths
    switch value {
    case .dict(let items, _): return try named(items, at: place.id, place)
    case .list(let items), .set(let items): return indexed(items, place)
    case .tuple(let items): return items.allSatisfy(values.isPlain) ? nil : indexed(items, place)
    case .module(let module, let object):
      modules.append(
        .init(
          path: place.path.joined(separator: "."), className: text.className(object), depth: place.depth)
      )
      return module.children.map {
        PickleWalk.Child(
          name: $0.name, id: $0.id,
          opaqueDepths: $0.isAttribute ? opaqueDepths + [place.depth + 1] : opaqueDepths,
          isOfAttribute: place.isOfAttribute || $0.isAttribute)
      }
    case .object(let object):
      let inside = opaqueDepths + [place.depth]
      // What torch packs for its quantized kernels is no state dict, whatever lies in it.
      let isPacked = Checkpoint.isPacked(text.className(object))
      let state = values.state(of: object)
      let children =
        try named(object.items + state.items, at: place.id, place, inside)
        + indexed(object.elements + state.elements + values.tupleItems(object), place, inside)
      if isPacked {
        return children.map { .init(name: $0.name, id: $0.id, opaqueDepths: inside, isOfAttribute: true) }
      }
      return children.isEmpty ? nil : children
    // An array is its text; its buffer would only repeat it.
    case .array, .atom, .global, .storage: return nil
    case .tensor:
      let attributes = tensors.attributes(of: place.id)
      if attributes.isEmpty { return nil }
      attributed.append(place.path.joined(separator: "."))
      return try named(attributes, at: place.id, place, opaqueDepths + [place.depth + 1]).map {
        .init(name: $0.name, id: $0.id, opaqueDepths: $0.opaqueDepths, isOfAttribute: true)
      }
    }
  }

  private func indexed(_ items: [PickleID], _ place: PickleWalk.Place, _ opaqueDepths: [Int]? = nil)
    -> [PickleWalk.Child]
  {
    items.enumerated().map {
      .init(
        name: String($0.offset), id: $0.element, opaqueDepths: opaqueDepths ?? place.opaqueDepths,
        isOfAttribute: place.isOfAttribute)
    }
  }

  /// Keys as text.
  private mutating func named(
    _ items: [(key: PickleID, value: PickleID)], at id: PickleID, _ place: PickleWalk.Place,
    _ opaqueDepths: [Int]? = nil
  ) throws -> [PickleWalk.Child] {
    let (named, conflict) = keys.items(items)
    if let conflict {
      throw location.failure(
        "a dict has the key \(conflict.name.shownName) both as \(conflict.kinds[0]) and as \(conflict.kinds[1])",
        at: graph.offset(of: id),
        remedies: ["their names would be the same, so neither can be told from the other"])
    }
    if !graph.halfTexts.isEmpty {
      for item in named where graph.halfTexts.contains(item.key) { halfNames.insert(ExactString(item.name)) }
    }
    return named.map {
      PickleWalk.Child(
        name: $0.name, id: $0.value, opaqueDepths: opaqueDepths ?? place.opaqueDepths,
        isOfAttribute: place.isOfAttribute)
    }
  }
}
