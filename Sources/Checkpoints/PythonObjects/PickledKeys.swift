internal import SuturePickle
internal import SutureText

/// Names the keys of pickled dicts, and tells which of them are the same key.
///
/// A name may be short for a key: of a tuple of many numbers, of an object. So keys of one name need not be one key; the
/// later of them has a number behind its name, and none is taken for another.
struct PickledKeys {
  struct Item {
    let name: String
    let key: PickleID
    fileprivate(set) var value: PickleID
  }

  /// Two keys whose names are the same though they are of different kinds, such as 1 and "1".
  struct Conflict {
    let name: String
    let kinds: [String]
  }

  private let graph: PickleGraph
  private let text: PythonText
  private var numbers: [PickleID: Int] = [:]
  private var numbered: [Identity: Int] = [:]

  init(_ graph: PickleGraph, _ text: PythonText) { (self.graph, self.text) = (graph, text) }

  /// The items of a dict in their order; a key that is assigned twice keeps its first place and its last value, as in
  /// Python.
  mutating func items(_ pairs: [(key: PickleID, value: PickleID)]) -> (items: [Item], conflict: Conflict?) {
    var items: [Item] = []
    var conflict: Conflict?
    items.reserveCapacity(pairs.count)
    var places = NameIndex(capacity: pairs.count)
    // Of the keys that share their name with an earlier one.
    var laterPlaces: [Int: Int] = [:]
    var counts: [ExactString: Int] = [:]
    for (key, value) in pairs {
      let name = text.key(key)
      guard let place = places.insert(name, at: items.count, among: { items[$0].name }) else {
        items.append(Item(name: name, key: key, value: value))
        continue
      }
      let earlier = items[place].key
      if earlier == key || number(of: earlier) == number(of: key) {
        items[place].value = value
      } else if let place = laterPlaces[number(of: key)] {
        items[place].value = value
      } else {
        let kinds = [graph[earlier].kind, graph[key].kind]
        if conflict == nil, kinds[0] != kinds[1] { conflict = Conflict(name: name, kinds: kinds) }
        var count = counts[ExactString(name)] ?? 1
        var other: String
        repeat {
          count += 1
          other = "\(name) (\(count))"
        } while places.insert(other, at: items.count, among: { items[$0].name }) != nil
        counts[ExactString(name)] = count
        laterPlaces[number(of: key)] = items.count
        items.append(Item(name: other, key: key, value: value))
      }
    }
    return (items, conflict)
  }

  // MARK: Which keys are the same

  /// What makes a key what it is.
  private enum Identity: Hashable {
    case text(kind: String, ExactString)
    case bytes(kind: String, [UInt8])
    /// The numbers of its items.
    case tuple([Int])
    /// An object is itself alone.
    case value(PickleID)
  }

  /// Tuples in tuples are as deep as anyone nests keys; what is deeper is itself alone.
  private static let mostLevels = 16

  /// As long as anyone's keys are; longer bytes are themselves alone.
  private static let longestBytes = 4096

  /// The same number for keys that are the same.
  private mutating func number(of id: PickleID, level: Int = 0) -> Int {
    if let known = numbers[id] { return known }
    let kind = graph[id].kind
    let identity: Identity
    switch graph[id] {
    case .none, .bool, .int, .float: identity = .text(kind: kind, ExactString(text.brief(id)))
    case .string(let text): identity = .text(kind: kind, ExactString(text))
    case .global(let module, let name): identity = .text(kind: kind, ExactString("\(module)\n\(name)"))
    case .bytes(let bytes), .bigInt(let bytes): identity = .bytes(kind: kind, bytes)
    case .tuple(let items) where level < Self.mostLevels:
      identity = .tuple(items.map { number(of: $0, level: level + 1) })
    case .object(let object) where graph.byteCountLimit(of: object) <= Self.longestBytes:
      identity = graph.bytesOf(object).map { .bytes(kind: "bytes", $0) } ?? .value(id)
    default: identity = .value(id)
    }
    let next = numbered[identity] ?? numbered.count
    (numbered[identity], numbers[id]) = (next, next)
    return next
  }
}
