internal import SuturePickle

/// Data in pickled objects, of whatever classes: what a reader asks for that knows what it is looking for.
extension PickleGraph {
  /// The pairs of a dict or an OrderedDict; `nil` of anything else.
  func pairs(_ id: PickleID) -> [(key: PickleID, value: PickleID)]? {
    switch self[id] {
    case .dict(let items): items
    case .object(let object) where globalName(object.callable).map(PythonValues.dictClasses.contains) == true:
      initialItems(object) + object.items
    default: nil
    }
  }

  /// The value that a dict has under a text; the last, where there are several.
  func item(_ name: String, of id: PickleID) -> PickleID? {
    pairs(id)?.last { string($0.key) == name }?.value
  }

  /// The names and values of a dict whose keys are texts; others are left out.
  func namedItems(_ id: PickleID) -> [(name: String, value: PickleID)]? {
    pairs(id)?.compactMap { pair in string(pair.key).map { ($0, pair.value) } }
  }

  /// What BUILD set on an object under a name: in its `__dict__`, or in one of the pair of that and its slots.
  func attribute(_ name: String, of id: PickleID) -> PickleID? {
    guard case .object(let object) = self[id] else { return nil }
    for state in object.states.reversed() {
      for part in [state] + (items(state) ?? []) {
        if let value = item(name, of: part) { return value }
      }
    }
    return nil
  }

  /// The name of an object's class without its module; empty of what is no object.
  func shortClassName(_ id: PickleID) -> String {
    guard case .object(let object) = self[id], let name = globalName(object.callable) else { return "" }
    return name.split(separator: ".").last.map(String.init) ?? ""
  }

  /// The integers of a tuple, a list or a `torch.Size`.
  func integers(_ id: PickleID) -> [Int]? {
    var source = id
    if case .object(let object) = self[id], globalName(object.callable) == "torch.Size",
      let first = object.arguments.first
    {
      source = first
    }
    guard let items = items(source) else { return nil }
    let values = items.compactMap { int($0) }
    return values.count == items.count ? values : nil
  }
}
