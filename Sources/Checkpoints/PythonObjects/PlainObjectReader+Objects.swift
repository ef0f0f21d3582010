internal import SuturePickle
internal import SutureTensors
internal import SutureText

/// What becomes of objects, arrays and modules.
extension PlainObjectReader {
  /// What a container of a class becomes, where that is less than it is.
  func simplified(_ value: PythonValue, _ place: PickleWalk.Place) -> (what: String, into: String)? {
    func name(_ id: PickleID) -> String? {
      if case .object(let object) = graph[id] { values.className(object)?.shownName } else { nil }
    }
    switch value {
    case .list:
      if case .object(let object) = graph[place.written], NumpyArray.objects(object, graph) != nil {
        return ("a NumPy array of objects", "a list")
      }
      return name(place.written).map { ($0, "a list") }
    case .dict:
      let name = name(place.written)
      return name == "collections.OrderedDict" ? nil : name.map { ($0, "a dict") }
    default: return nil
    }
  }

  mutating func plain(_ object: PickleObject, _ place: PickleWalk.Place) throws -> Visit {
    let name = graph.callableName(object.callable) ?? ""
    if let scalar = NumpyScalar(object, graph) {
      turn(place, "a number of NumPy", "Python's own")
      return .leaf(scalar.plain)
    }
    if let array = NumpyArray(place.id, graph) { return try plain(array, place) }
    if name == "torch.Size", let items = object.arguments.first.flatMap({ graph.items($0) }) {
      let sizes = items.compactMap { graph.int($0) }
      if sizes.count == items.count { return .leaf(.size(sizes)) }
    }
    if let bytes = graph.bytesOf(object) {
      if name.hasSuffix(".bytearray") { turn(place, "a bytearray", "bytes") }
      return .leaf(.bytes(bytes))
    }
    switch name {
    case "builtins.set", "__builtin__.set", "builtins.frozenset", "__builtin__.frozenset":
      if name.hasSuffix("frozenset") { turn(place, "a frozenset", "a set") }
      return set(object.arguments.first.flatMap { graph.items($0) } ?? [], place)
    case "builtins.complex", "__builtin__.complex":
      let parts = object.arguments.compactMap { graph.double($0) }
      if parts.count == 2 { return .leaf(.complex(parts[0], parts[1])) }
    default: break
    }
    if let text = graph.plainText(object, name) {
      turn(place, name.shownName, "a text")
      return .leaf(.string(text))
    }
    return attributes(of: object, name, place)
  }

  mutating func plain(_ array: NumpyArray, _ place: PickleWalk.Place) throws -> Visit {
    let made = arrays[place.id] ?? (try? array.tensor(tensors.location, at: graph.offset(of: place.id)))
    guard let tensor = made else { return leaveOut(place, "is a NumPy array that cannot be right") }
    arrays[place.id] = tensor
    if isApart(place) {
      turn(place, "a NumPy array", "a tensor")
      return .leaf(.tensor(tensor))
    }
    budget.add(tensor.elementCount)
    guard tensor.elementCount <= Self.mostListed, !budget.isSpent, let items = try PlainValue.list(of: tensor)
    else {
      return leaveOut(place, "is a NumPy array, and as a tensor would be taken for one of the state dict")
    }
    turn(place, "a NumPy array", "a list of its elements")
    return .leaf(items)
  }

  /// What BUILD set on an object that was made without being told anything.
  private mutating func attributes(of object: PickleObject, _ name: String, _ place: PickleWalk.Place)
    -> Visit
  {
    let isReconstructed = name == "copy_reg._reconstructor" || name == "copyreg._reconstructor"
    // What it is made of beside its attributes.
    let isMadeOfNothing = isReconstructed && object.arguments.count == 3 && graph.isNone(object.arguments[2])
    let className = "an object, \(values.className(object)?.shownName ?? name.shownName)"
    let opaqueDepths = place.opaqueDepths + [place.depth]
    if let made = madeOf(object) {
      switch graph[made] {
      case .tuple(let items):
        turn(place, className + ",", "a tuple of its items")
        return .inside(indexed(items, opaqueDepths)) { .tuple($0.map { $0 ?? PlainValue.none }) }
      case .int(let value):
        turn(place, className + ",", "a number")
        return .leaf(.int(value))
      case .float(let value):
        turn(place, className + ",", "a number")
        return .leaf(.float(value))
      case .string(let value):
        turn(place, className + ",", "a text")
        return .leaf(.string(value))
      default: break
      }
    }
    guard object.arguments.isEmpty || isMadeOfNothing, object.keywords == nil, object.elements.isEmpty,
      object.items.isEmpty, let state = object.states.last, let items = attributes(state)
    else { return leaveOut(place, "is \(className), that is more than its attributes") }
    turn(place, className + ",", "a dict of its attributes")
    let pairs = pairs(items, opaqueDepths)
    return .inside(pairs.children) { .dict(pairs.whole($0[...])) }
  }

  /// The pairs of a `__dict__`, or of the pair of it and the slots of a class that has them.
  private func attributes(_ state: PickleID) -> [(key: PickleID, value: PickleID)]? {
    if case .dict(let items) = graph[state] { return items }
    guard case .tuple(let parts) = graph[state], parts.count == 2, case .dict(let slots) = graph[parts[1]]
    else {
      return nil
    }
    if case .dict(let items) = graph[parts[0]] { return items + slots }
    return graph.isNone(parts[0]) ? slots : nil
  }

  /// The tuple, number or text that an object is of whose class is derived from theirs: a named tuple's items, or the one
  /// argument that `__new__` is given.
  private func madeOf(_ object: PickleObject) -> PickleID? {
    guard object.states.isEmpty, object.items.isEmpty, object.elements.isEmpty, object.keywords == nil else {
      return nil
    }
    if object.isNew { return object.arguments.count == 1 ? object.arguments[0] : object.argumentTuple }
    let isReconstructed = graph.globalName(object.callable)?.hasSuffix("._reconstructor") == true
    return isReconstructed && object.arguments.count == 3 ? object.arguments[2] : nil
  }

  /// The state dict that a module would have.
  mutating func module(_ object: PickleObject, _ place: PickleWalk.Place) -> Visit {
    let name = graph.callableName(object.callable) ?? ""
    turn(place, "a module, \(name.shownName),", "its state dict")
    var children: [PickleWalk.Child] = []
    var waiting = [(prefix: "", object: object)]
    while let (prefix, object) = waiting.popLast() {
      guard let module = PickledModule(object, in: graph, script: values.script) else { continue }
      var inner: [(prefix: String, object: PickleObject)] = []
      for child in module.children where !child.isAttribute {
        budget.visit(child.id)
        guard !budget.isSpent, prefix.utf8.count < 4096 else { break }
        if tensors.isTensor(child.id) {
          children.append(.init(name: prefix + child.name, id: child.id, opaqueDepths: place.opaqueDepths))
        } else if case .object(let part) = graph[graph.withoutTypeTag(child.id)] {
          inner.append((prefix + child.name + ".", part))
        }
      }
      waiting += inner.reversed()
    }
    let names = children.map(\.name)
    return .inside(children) { tensors in
      let kept = zip(names, tensors).compactMap { name, tensor -> (key: PlainValue, value: PlainValue)? in
        tensor.map { (.string(name), $0) }
      }
      return .orderedDict(kept, attributes: [])
    }
  }
}
