internal import SutureBytes
internal import SuturePickle
internal import SutureTensors
internal import SutureText

/// Makes plain data of a pickled object, so that it can be written again without a class in it.
///
/// Objects of classes become dicts of their attributes, numbers of NumPy become Python's, modules
/// their state dicts. What was made by a call of something unknown cannot be kept, and is told.
struct PlainObjectReader {
  typealias Visit = PickleWalk.Visit<PlainValue?>

  let graph: PickleGraph
  let tensors: TensorBuilder
  let values: PythonValues
  private var keys: PickledKeys
  private let limits: ReadLimits
  private let wrapper: [String]
  private let placesApart: Set<ExactString>
  private let hasExtras: Bool
  /// The names of the state dict, where its structure is kept; `nil` where the dict is put in as a whole.
  private let names: Set<ExactString>?

  var budget: WalkBudget
  /// The arrays that are tensors of the output, each of which is written once.
  var arrays: [PickleID: Tensor] = [:]
  /// What is told, what is not kept before what is kept as something else.
  private var (leftOut, turned): ([String], [String]) = ([], [])
  private var hasPlace = false
  private var entryCount = 0

  /// Deeper is nothing that a program wrote for another.
  private static let mostLevels = 100
  static let mostListed = 100_000
  private static let mostNotes = 1000

  /// - Parameter stateDict: what was found under `wrapper`.
  /// - Parameter keepsStructure: whether each tensor of the state dict stays where it is in the object.
  init(_ object: PickledObject, _ choice: WrapperChoice, keepsStructure: Bool) {
    (graph, tensors, values, limits) = (object.graph, object.tensors, object.values, object.limits)
    budget = WalkBudget(object.graph, paths: object.limits.plainValues(of: object.graph.valueCount))
    keys = PickledKeys(object.graph, PythonText(graph: object.graph, tensors: object.tensors))
    (wrapper, placesApart, hasExtras) = (choice.wrapper, choice.placesApart, !choice.extras.isEmpty)
    names = keepsStructure ? Set(choice.stateDict.names.map(ExactString.init)) : nil
  }

  /// The object, or the bare state dict where it has no place for all of that.
  mutating func read() throws -> PlainObject {
    let root = try PickleWalk.run(graph) { place in try visit(place) }
    guard let root, hasPlace || names.map({ entryCount == $0.count }) == true else {
      return PlainObject(root: .stateDict, wrapper: [], notes: ["left out: everything beside the state dict"])
    }
    if case .stateDict = root, hasExtras {
      leftOut.append("left out: everything beside the state dict, which lies in no dict of its own")
    }
    return PlainObject(root: root, wrapper: wrapper, notes: leftOut + turned)
  }

  /// What becomes of a value; `nil` for what cannot be kept, which has then been told.
  private mutating func visit(_ place: PickleWalk.Place) throws -> Visit {
    guard place.hasPlainKey else { return leaveOut(place, "has a key of a kind that is not kept") }
    budget.visit(place.id)
    guard !budget.isSpent, place.depth <= min(limits.depth, Self.mostLevels) else {
      return leaveOut(place, "is nested or repeated beyond measure")
    }
    let value = values[place.id]
    if case .tensor = value { return try tensor(place) }
    if place.depth == wrapper.count, place.lies(in: wrapper), names == nil || value.isModule {
      hasPlace = true
      return .leaf(.stateDict)
    }
    if place.isCycle { return leaveOut(place, "holds itself") }
    if let (what, into) = simplified(value, place) { turn(place, what, into) }
    switch value {
    case .tensor, .atom, .global, .storage: return atom(place)
    case .list(let items):
      return .inside(indexed(items, place.opaqueDepths)) { .list($0.map { $0 ?? PlainValue.none }) }
    case .tuple(let items):
      return .inside(indexed(items, place.opaqueDepths)) { .tuple($0.map { $0 ?? PlainValue.none }) }
    case .set(let items): return set(items, place)
    case .dict(let items, let object): return dict(items, object, place)
    case .module(_, let object): return module(object, place)
    case .array(let object), .object(let object): return try plain(object, place)
    }
  }

  private mutating func atom(_ place: PickleWalk.Place) -> Visit {
    switch graph[place.id] {
    case .bool(let value): return .leaf(.bool(value))
    case .int(let value): return .leaf(.int(value))
    case .bigInt(let bytes):
      return bytes.count < 256 ? .leaf(.bigInt(bytes)) : leaveOut(place, "is a number of many digits")
    case .float(let value): return .leaf(.float(value))
    case .string(let text): return .leaf(.string(text))
    case .bytes where graph.halfTexts.contains(place.id):
      return leaveOut(place, "is a text with half characters, which UTF-8 has no bytes for")
    case .bytes(let bytes):
      return bytes.count <= Pickler.longestString / 2
        ? .leaf(.bytes(bytes)) : leaveOut(place, "is too long to be written")
    case .global(_, let name):
      guard let type = graph.globalName(place.id).flatMap(TorchDType.named) else {
        return leaveOut(place, "is the class or function \(name.shownName)")
      }
      return .leaf(.dtype(type))
    case .persistent: return leaveOut(place, "is a storage without a tensor")
    default: return .leaf(PlainValue.none)
    }
  }

  private mutating func tensor(_ place: PickleWalk.Place) throws -> Visit {
    if let names, place.lies(in: wrapper) {
      let name = place.path.dropFirst(wrapper.count).joined(separator: ".")
      if names.contains(ExactString(name)) {
        entryCount += 1
        return .leaf(.entry(name))
      }
    }
    if let array = NumpyArray(place.id, graph) { return try plain(array, place) }
    if !isApart(place) {
      return leaveOut(place, "is a tensor inside an object, and would be taken for one of the state dict")
    }
    let tensor = try tensors.tensor(place.id)
    if case .meta = tensor.layout { return leaveOut(place, "is a tensor without elements") }
    return .leaf(.tensor(tensor))
  }

  /// Whether a tensor here is no part of the state dict, and cannot be taken for one when the file is read again.
  func isApart(_ place: PickleWalk.Place) -> Bool {
    place.opaqueDepths.isEmpty
      && (!place.lies(in: wrapper) || placesApart.contains(ExactString(place.path.first ?? "")))
  }

  // MARK: Containers

  func indexed(_ items: [PickleID], _ opaqueDepths: [Int]) -> [PickleWalk.Child] {
    items.enumerated().map { .init(name: String($0.offset), id: $0.element, opaqueDepths: opaqueDepths) }
  }

  /// A set of what can be hashed.
  mutating func set(_ items: [PickleID], _ place: PickleWalk.Place) -> Visit {
    let keys = items.compactMap { key($0) }
    return keys.count == items.count
      ? .leaf(.set(keys)) : leaveOut(place, "is a set of more than plain values")
  }

  private mutating func dict(
    _ items: [(key: PickleID, value: PickleID)], _ object: PickleObject?, _ place: PickleWalk.Place
  ) -> Visit {
    let pairs = pairs(items, place.opaqueDepths)
    guard let object, let name = graph.globalName(object.callable) else {
      return .inside(pairs.children) { .dict(pairs.whole($0[...])) }
    }
    guard name == "collections.OrderedDict" else {
      return .inside(pairs.children) { .dict(pairs.whole($0[...])) }
    }
    var state: [(key: PickleID, value: PickleID)] = []
    if let last = object.states.last, case .dict(let items) = graph[last] { state = items }
    let attributes = self.pairs(state, place.opaqueDepths)
    return .inside(pairs.children + attributes.children) { parts in
      let count = pairs.children.count
      return .orderedDict(pairs.whole(parts[..<count]), attributes: attributes.whole(parts[count...]))
    }
  }

  /// The items of a dict on their way to plain data.
  struct Pairs {
    var children: [PickleWalk.Child] = []
    /// The keys, `nil` where one is not kept.
    var keys: [PlainValue?] = []

    func whole(_ values: ArraySlice<PlainValue?>) -> [(key: PlainValue, value: PlainValue)] {
      zip(keys, values).compactMap { key, value in
        if let key, let value { (key, value) } else { nil }
      }
    }
  }

  mutating func pairs(_ items: [(key: PickleID, value: PickleID)], _ opaqueDepths: [Int]) -> Pairs {
    var pairs = Pairs()
    for item in keys.items(items).items {
      let key = key(item.key)
      pairs.keys.append(key)
      pairs.children.append(
        .init(name: item.name, id: item.value, opaqueDepths: opaqueDepths, hasPlainKey: key != nil))
    }
    return pairs
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
    default: return graph.halfTexts.contains(id) ? nil : graph.bytes(id).map { .bytes($0) }
    }
  }

  // MARK: What is told

  mutating func leaveOut(_ place: PickleWalk.Place, _ why: String) -> Visit {
    Self.note("left out: \(Self.name(of: place)) \(why)", in: &leftOut)
    return .leaf(nil)
  }

  mutating func turn(_ place: PickleWalk.Place, _ what: String, _ into: String) {
    Self.note("\(Self.name(of: place)) was \(what) and becomes \(into)", in: &turned)
  }

  private static func note(_ text: String, in notes: inout [String]) {
    if notes.count < mostNotes { notes.append(text) }
  }

  private static func name(of place: PickleWalk.Place) -> String {
    place.path.isEmpty ? "the object" : place.path.joined(separator: ".").shownName
  }
}
