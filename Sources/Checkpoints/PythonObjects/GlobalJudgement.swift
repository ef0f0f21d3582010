internal import SutureBytes
internal import SuturePickle
internal import SutureText

/// What the classes and functions that a pickle names are, and which of them unpickling would call.
///
/// - Complexity: O(*n*) in the number of values, whatever they share.
struct GlobalJudgement {
  /// In the order of their first use.
  private(set) var globals: [Checkpoint.Global] = []
  /// The calls that would do harm.
  private(set) var harmfulCalls: [PickleID] = []

  private let graph: PickleGraph
  private let location: PickleLocation
  private var places = NameIndex()
  private var reached: ReachedNames
  /// The first harmful name in each tuple and list that is handed to a call, looked for once however many share it.
  private var harmInside: [PickleID: Reached?] = [:]
  /// The harmful function that each state sets as `__setstate__`.
  private var setters: [PickleID: Reached?] = [:]

  init(_ graph: PickleGraph, _ location: PickleLocation) {
    (self.graph, self.location) = (graph, location)
    reached = ReachedNames(graph)
    // Where no name does harm or leads to another, as in most files, no call can.
    if reached.areAllPlain {
      for (name, reached) in zip(graph.names, reached.named) {
        note(reached, isCalled: false, at: name.offset)
      }
      return
    }
    for id in graph.ids { reached.find(id) }
    followKeepers()
    // A list may come by its items after it was handed to a call.
    for (id, value) in graph.all {
      switch value {
      case .global: note(reached[id], isCalled: false, at: graph.offset(of: id))
      case .object(let object): judge(object, id)
      default: break
      }
    }
  }

  private mutating func judge(_ object: PickleObject, _ id: PickleID) {
    var harms = false
    let offset = graph.offset(of: id)
    let found = harmful(id)
    if let called = reached[object.callable] {
      if called.role == .attribute {
        // What was found is judged where it is called; that it was looked up is told.
        return note(found, isCalled: false, at: offset)
      }
      if called.role == .partial { return judgeStates(of: object, id, harms: false) }
      if called.role == .keeper {
        // One of its arguments may be called with others of them.
        let target = Self.calledArguments[called.canonicalName].flatMap { place in
          object.arguments.indices.contains(place) ? object.arguments[place] : nil
        }
        if let target, let harm = harmful(target) ?? madeFunction(target) {
          note(harm, isCalled: true, at: offset)
          harms = true
        } else if called.canonicalName == Self.rebuilder, object.arguments.count > 2,
          // Torch's own functions take the tensor's class for no more than a name.
          reached[object.arguments[0]]?.isKnown != true,
          let given = harm(among: graph.items(object.arguments[2]) ?? [], goesOn: true)
        {
          note(given, isCalled: true, at: offset)
          harms = true
        }
        return judgeStates(of: object, id, harms: harms)
      }
      note(called, isCalled: called.harm != nil, at: offset)
      harms = called.harm != nil && !PickledModule.isTakenApart(called.canonicalName)
    }
    // methodcaller calls what it finds at once; of attrgetter's, that it was looked up is told.
    if let found, case .object(let getter) = graph[object.callable] {
      let isCalled = reached[getter.callable]?.role == .methodCaller
      if isCalled || reached[getter.callable]?.role == .getter {
        note(found, isCalled: isCalled, at: offset)
      }
      harms = harms || isCalled
    }
    // Whatever an unknown function does with a harmful one, it may call it.
    if let given = harmGiven(to: object) {
      note(given, isCalled: true, at: offset)
      harms = true
    }
    if let code = madeFunction(object.callable) {
      note(code, isCalled: true, at: offset)
      harms = true
    }
    judgeStates(of: object, id, harms: harms)
  }

  /// What torch's rebuilder of subclasses, `copyreg`'s of old objects and cloudpickle's of classes call: an argument.
  private static let calledArguments = [
    rebuilder: 0, "copyreg._reconstructor": 1, "cloudpickle.cloudpickle._make_skeleton_class": 0,
  ]
  private static let rebuilder = "torch._tensor._rebuild_from_type_v2"

  /// A `__setstate__` that one BUILD sets is called by the next.
  private mutating func judgeStates(of object: PickleObject, _ id: PickleID, harms: Bool) {
    var harms = harms
    for state in object.states.dropLast() {
      if setters[state] == nil { setters[state] = .some(setter(state)) }
      guard let setter = setters[state] ?? nil else { continue }
      note(setter, isCalled: true, at: graph.offset(of: state))
      harms = true
    }
    if harms { harmfulCalls.append(id) }
  }

  private func setter(_ state: PickleID) -> Reached? {
    for part in [state] + (graph.items(state)?.prefix(2) ?? []) {
      guard case .dict(let items) = graph[part] else { continue }
      for item in items where graph.string(item.key) == "__setstate__" {
        if let found = harmful(item.value) { return found }
      }
    }
    return nil
  }

  /// Where a value is a function that was made of code in the pickle, what a call of it does.
  private func madeFunction(_ id: PickleID) -> Reached? {
    guard case .object(let made) = graph[id] else { return nil }
    if let maker = reached[made.callable] { return maker.makesFunctions ? maker.made : nil }
    // dill and cloudpickle find the types of functions by their names in `types`.
    guard case .object(let finder) = graph[made.callable], reached[finder.callable]?.findsTypes == true,
      let word = finder.arguments.first.flatMap({ graph.string($0) })
    else { return nil }
    let type = Reached("types", word)
    return type.makesFunctions ? type.made : nil
  }

  /// What only keeps its arguments stands for the harm among them: whoever calls it, or hands it to a call, may call that.
  private mutating func followKeepers() {
    // Those that come first are taken first.
    var waiting = graph.ids.reversed().compactMap { id in harmful(id).map { (id: id, harm: $0) } }
    if waiting.isEmpty { return }
    var users: [PickleID: [PickleID]] = [:]
    for (id, value) in graph.all {
      switch value {
      case .tuple(let items), .list(let items), .set(let items):
        for item in items { users[item, default: []].append(id) }
      case .dict(let items): for item in items { users[item.value, default: []].append(id) }
      case .object(let object):
        // A tensor keeps nothing; the name of its class is only a name.
        guard let function = reached[object.callable], function.canonicalName != Self.rebuilder,
          [.keeper, .attribute, .partial].contains(function.role)
        else { continue }
        for part in object.argumentTuple.map({ [$0] }) ?? object.arguments {
          users[part, default: []].append(id)
        }
      default: break
      }
    }
    var seen: Set<PickleID> = []
    while let (id, harm) = waiting.popLast() {
      for user in users[id] ?? [] where seen.insert(user).inserted {
        if case .object = graph[user], reached[user]?.harm == nil { reached[user] = harm }
        waiting.append((user, harm))
      }
    }
  }

  /// What a value stands for, where that is harmful.
  private func harmful(_ id: PickleID) -> Reached? { reached[id].flatMap { $0.harm == nil ? nil : $0 } }

  /// The first harmful name among the arguments of a call, or in a list or tuple among them.
  private mutating func harmGiven(to object: PickleObject) -> Reached? {
    if let keywords = object.keywords, case .dict(let items) = graph[keywords] {
      for item in items { if let harm = harmful(item.value) { return harm } }
    }
    guard let tuple = object.argumentTuple else { return harm(among: object.arguments, goesOn: true) }
    if let known = harmInside[tuple] { return known }
    let harm = harm(among: object.arguments, goesOn: true)
    harmInside[tuple] = .some(harm)
    return harm
  }

  private mutating func harm(among values: [PickleID], goesOn: Bool) -> Reached? {
    for value in values {
      if let harm = harmful(value) { return harm }
      guard goesOn, let items = graph.items(value) else { continue }
      let inside: Reached?
      if let known = harmInside[value] {
        inside = known
      } else {
        inside = harm(among: items, goesOn: false)
        harmInside[value] = .some(inside)
      }
      if let inside { return inside }
    }
    return nil
  }

  private mutating func note(_ reached: Reached?, isCalled: Bool, at offset: Int) {
    guard let reached else { return }
    if let place = places.insert(reached.name, at: globals.count, among: { globals[$0].name }) {
      globals[place].isCalled = globals[place].isCalled || isCalled
      return
    }
    globals.append(
      .init(
        name: reached.name, judgement: reached.isKnown ? .known : reached.harm == nil ? .unknown : .harmful,
        harm: reached.harm?.rawValue, isCalled: isCalled, place: location.place(at: offset)))
  }

  /// The harmful calls, and every call that one of them is given to: what these make of it is not known.
  ///
  /// What merely lies beside one in a container, or in the state of an object, does not depend on it.
  var tainted: Set<PickleID> {
    var users: [PickleID: [PickleID]] = [:]
    for (id, value) in graph.all {
      switch value {
      case .tuple(let items), .list(let items): for item in items { users[item, default: []].append(id) }
      case .object(let object):
        // A container of the standard library is what its items are.
        if graph.globalName(object.callable).map(PythonValues.dictClasses.contains) == true { continue }
        for part in [object.callable] + (object.argumentTuple.map { [$0] } ?? object.arguments) {
          users[part, default: []].append(id)
        }
      default: break
      }
    }
    var (found, waiting) = (Set(harmfulCalls), harmfulCalls)
    while let id = waiting.popLast() {
      for user in users[id] ?? [] where found.insert(user).inserted { waiting.append(user) }
    }
    return found.filter { if case .object = graph[$0] { true } else { false } }
  }

  /// The harmful functions that are called, and what each does: "os.system, which starts a process".
  var sentence: String {
    globals.filter { $0.isCalled && $0.judgement == .harmful }.prefix(3)
      .map { "\($0.name.shownName), which \($0.harm ?? "")" }.joined(separator: ", and ")
  }
}
