internal import SuturePickle

/// What a module that was pickled whole says of itself beside its tensors: what a state dict cannot tell.
public struct ModuleFacts: Sendable {
  /// Its name within the state dict, such as `model.4.bn`; empty for the outermost.
  public let name: String
  /// Such as `torch.nn.modules.batchnorm.BatchNorm2d`.
  public let className: String
  /// Its attributes that are plain data, in their order: `eps`, `groups`, a model's `yaml`.
  public let attributes: [(name: String, value: PlainValue)]

  /// The attribute of that name.
  public subscript(name: String) -> PlainValue? { attributes.first { $0.name == name }?.value }

  /// The attribute of that name as a number.
  public func number(_ name: String) -> Double? {
    switch self[name] {
    case .int(let value): Double(value)
    case .float(let value): value
    default: nil
    }
  }
}

/// Collects the facts of a module and those in it, outermost first.
struct ModuleFactsReader {
  private let graph: PickleGraph
  private let values: PythonValues
  private let text: PythonText
  /// How many more values may be looked at: shared ones are looked at wherever they stand.
  private var budget: Int

  private static let mostLevels = 32
  private static let longestName = 4096

  init(_ object: PickledObject) {
    (graph, values) = (object.graph, object.values)
    text = PythonText(graph: object.graph, tensors: object.tensors)
    budget = object.limits.paths(of: object.graph.valueCount)
  }

  /// - Parameter wrapper: the keys that lead from the root to the outermost module.
  mutating func facts(at wrapper: [String]) -> [ModuleFacts] {
    var root = graph.root
    for key in wrapper {
      guard let next = child(of: root, key) else { return [] }
      root = next
    }
    var found: [ModuleFacts] = []
    var waiting = [(name: "", id: root, depth: 0)]
    while let (name, id, depth) = waiting.popLast() {
      guard case .module(let module, let object) = values[graph.withoutTypeTag(id)] else { continue }
      budget -= 1
      guard budget > 0, depth < Self.mostLevels, name.utf8.count < Self.longestName else { break }
      var attributes: [(name: String, value: PlainValue)] = []
      var inner: [(name: String, id: PickleID, depth: Int)] = []
      for child in module.children {
        if !child.isAttribute {
          inner.append((name.isEmpty ? child.name : "\(name).\(child.name)", child.id, depth + 1))
        } else if let value = plain(child.id, 0) {
          attributes.append((child.name, value))
        }
      }
      found.append(ModuleFacts(name: name, className: text.className(object), attributes: attributes))
      waiting += inner.reversed()
    }
    return found
  }

  private func child(of id: PickleID, _ key: String) -> PickleID? {
    switch values[id] {
    case .dict(let items, _): items.last { text.key($0.key) == key }?.value
    case .module(let module, _): module.children.last { $0.name == key }?.id
    default: nil
    }
  }

  /// The value where it is plain data all through.
  private mutating func plain(_ id: PickleID, _ depth: Int) -> PlainValue? {
    budget -= 1
    guard budget > 0, depth < Self.mostLevels else { return nil }
    switch graph[id] {
    case .none: return PlainValue.none
    case .bool(let value): return .bool(value)
    case .int(let value): return .int(value)
    case .float(let value): return .float(value)
    case .string(let value): return .string(value)
    default: break
    }
    switch values[id] {
    case .list(let items): return plain(items, depth).map { .list($0) }
    case .tuple(let items): return plain(items, depth).map { .tuple($0) }
    case .dict(let items, _):
      guard let keys = plain(items.map(\.key), depth), let inside = plain(items.map(\.value), depth) else {
        return nil
      }
      return .dict(Array(zip(keys, inside)).map { (key: $0, value: $1) })
    default: return nil
    }
  }

  private mutating func plain(_ ids: [PickleID], _ depth: Int) -> [PlainValue]? {
    guard ids.count < budget else { return nil }
    var all: [PlainValue] = []
    for id in ids {
      guard let value = plain(id, depth + 1) else { return nil }
      all.append(value)
    }
    return all
  }
}
