internal import SutureText

/// Everything one pickle stream built, in an arena.
///
/// There may be millions of values, most of them numbers, tuples of a few, and objects that were made of a tuple and given one
/// state: these take a few bytes each, and are made ``PickleValue``s when someone looks at them.
public struct PickleGraph: Sendable {
  /// What the stream left on the stack at STOP.
  public internal(set) var root = PickleID(index: 0)

  /// How many bytes the stream took, STOP included.
  public internal(set) var streamByteCount = 0

  /// The first opcode that the machine of `torch.load(weights_only=True)` lacks, by its name.
  public internal(set) var foreignOpcode: String?

  /// The texts that are kept as bytes, since they hold half characters (lone surrogates), which UTF-8 has no bytes for.
  public internal(set) var halfTexts: Set<PickleID> = []

  /// A value, or where it lies: eight bytes.
  private enum Kept {
    case none
    case bool(Bool)
    case int(Int32)
    /// A place in `longs`.
    case long(Int32)
    /// A place in `floats`.
    case float(Int32)
    /// A place in `names`.
    case global(Int32)
    /// Stretches of `items`; a dict has its keys before its values.
    case tuple(start: Int32, count: UInt8)
    case list(start: Int32, count: UInt8)
    case dict(start: Int32, count: UInt8)
    /// A place in `calls`.
    case call(Int32)
    /// A place in `others`.
    case other(Int32)
  }

  /// A call with one state at most.
  private struct Call {
    var callable: PickleID
    var arguments: PickleID
    var state: PickleID?
    var keywords: PickleID?
    var isNew: Bool

    /// `nil` where it is more than that.
    init?(_ object: PickleObject) {
      guard let arguments = object.argumentTuple, object.elements.isEmpty, object.items.isEmpty,
        object.states.count <= 1
      else { return nil }
      self.init(object.callable, arguments, keywords: object.keywords, isNew: object.isNew)
      state = object.states.first
    }

    init(_ callable: PickleID, _ arguments: PickleID, keywords: PickleID?, isNew: Bool) {
      (self.callable, self.arguments, self.keywords) = (callable, arguments, keywords)
      self.isNew = isNew
    }
  }

  /// A class or function that the stream names.
  public struct Name: Sendable {
    public let module: String
    public let name: String
    /// Both, with a dot between.
    public let qualified: String
    /// The offset in the stream of the opcode that names it first.
    public let offset: Int
  }

  /// Every class and function that is named, once, in the order of their first use.
  public private(set) var names: [Name] = []
  private var namePlaces = NameIndex()

  private var kept: [Kept] = []
  private var longs: [Int] = []
  private var floats: [Double] = []
  private var items: [PickleID] = []
  private var calls: [Call] = []
  private var others: [PickleValue] = []
  /// As far as 32 bits reach.
  private var offsets: [UInt32] = []

  /// What holds more is kept as it is, so that no look at it copies much, nor does its growth.
  private static let short = 8

  init() {}

  /// Takes room for about so many values; what is not used costs nothing, and what grows is held twice for a while.
  mutating func expect(_ count: Int) {
    let count = min(count, Self.mostExpected)
    kept.reserveCapacity(count)
    offsets.reserveCapacity(count)
    items.reserveCapacity(count)
    calls.reserveCapacity(count / 4)
    others.reserveCapacity(count / 4)
  }

  static let mostExpected = 1 << 23

  /// How many values there are.
  public var valueCount: Int { kept.count }

  /// Room to take for what calls make, such as tensors: for as many as there are calls, within reason.
  public var roomForCalls: Int { min(calls.count, 1 << 20) }

  /// The value of an id of this graph.
  public subscript(id: PickleID) -> PickleValue {
    switch kept[Int(id.index)] {
    case .none: .none
    case .bool(let value): .bool(value)
    case .int(let value): .int(Int(value))
    case .long(let place): .int(longs[Int(place)])
    case .float(let place): .float(floats[Int(place)])
    case .global(let place): .global(module: names[Int(place)].module, name: names[Int(place)].name)
    case .tuple(let start, let count): .tuple(Array(stretch(start, Int(count))))
    case .list(let start, let count): .list(Array(stretch(start, Int(count))))
    case .dict(let start, let count): .dict(pairs(stretch(start, 2 * Int(count))))
    case .call(let place): .object(object(calls[Int(place)]))
    case .other(let place): others[Int(place)]
    }
  }

  private func stretch(_ start: Int32, _ count: Int) -> ArraySlice<PickleID> {
    items[Int(start)..<(Int(start) + count)]
  }

  private func pairs(_ parts: ArraySlice<PickleID>) -> [(key: PickleID, value: PickleID)] {
    let (start, count) = (parts.startIndex, parts.count / 2)
    return (start..<(start + count)).map { (parts[$0], parts[$0 + count]) }
  }

  private func object(_ call: Call) -> PickleObject {
    var arguments: [PickleID] = []
    if case .tuple(let items) = self[call.arguments] { arguments = items }
    var object = PickleObject(
      callable: call.callable, arguments: arguments, argumentTuple: call.arguments, keywords: call.keywords,
      isNew: call.isNew)
    if let state = call.state { object.states = [state] }
    return object
  }

  /// The offset in the stream of the opcode that made the value.
  public func offset(of id: PickleID) -> Int { Int(offsets[Int(id.index)]) }

  /// Every id in the order of the stream.
  public var ids: some RandomAccessCollection<PickleID> {
    kept.indices.lazy.map { PickleID(index: Int32($0)) }
  }

  /// Every value in the order of the stream.
  public var all: some Sequence<(id: PickleID, value: PickleValue)> { ids.lazy.map { ($0, self[$0]) } }

  /// The place in ``names`` of a global; `nil` of any other value.
  public func namePlace(_ id: PickleID) -> Int? {
    if case .global(let place) = kept[Int(id.index)] { Int(place) } else { nil }
  }

  /// What an object was made by; `nil` of any other value.
  public func callable(of id: PickleID) -> PickleID? {
    switch kept[Int(id.index)] {
    case .call(let place): return calls[Int(place)].callable
    case .other(let place):
      if case .object(let object) = others[Int(place)] { return object.callable }
      return nil
    default: return nil
    }
  }

  /// The first positional argument of a call; `nil` where there is none, and of any other value.
  public func firstArgument(of id: PickleID) -> PickleID? {
    switch kept[Int(id.index)] {
    case .call(let place): return tuple(calls[Int(place)].arguments)?.first
    case .other(let place):
      if case .object(let object) = others[Int(place)] { return object.arguments.first }
      return nil
    default: return nil
    }
  }

  /// What a tuple holds; `nil` of any other value.
  public func tuple(_ id: PickleID) -> ArraySlice<PickleID>? {
    switch kept[Int(id.index)] {
    case .tuple(let start, let count): return stretch(start, Int(count))
    case .other(let place):
      if case .tuple(let items) = others[Int(place)] { return items[...] }
      return nil
    default: return nil
    }
  }

  /// How many parts a tuple, a list or a dict has; `nil` of any other value.
  public func partCount(of id: PickleID) -> Int? {
    switch kept[Int(id.index)] {
    case .tuple(_, let count), .list(_, let count), .dict(_, let count): Int(count)
    case .other(let place):
      switch others[Int(place)] {
      case .tuple(let items), .list(let items): items.count
      case .dict(let pairs): pairs.count
      default: nil
      }
    default: nil
    }
  }

  /// The positional arguments of a call to whose result nothing was added; `nil` of any other value.
  public func arguments(ofPlainCall id: PickleID) -> ArraySlice<PickleID>? {
    guard case .call(let place) = kept[Int(id.index)] else { return nil }
    return tuple(calls[Int(place)].arguments)
  }

  /// Whether a value can stand for a class or a function, as names, calls and persistent ids can.
  public func mayBeCalled(_ id: PickleID) -> Bool {
    switch kept[Int(id.index)] {
    case .global, .call: true
    case .other(let place): others[Int(place)].mayBeCalled
    default: false
    }
  }

  /// What a persistent id names; `nil` of any other value.
  public func persistent(_ id: PickleID) -> PickleID? {
    guard case .other(let place) = kept[Int(id.index)], case .persistent(let inner) = others[Int(place)]
    else { return nil }
    return inner
  }

  /// The text of a string value.
  public func string(_ id: PickleID) -> String? {
    guard case .other(let place) = kept[Int(id.index)], case .string(let text) = others[Int(place)]
    else { return nil }
    return text
  }

  /// An integer value that fits; Python's `True` and `False` count as integers.
  public func int(_ id: PickleID) -> Int? {
    switch kept[Int(id.index)] {
    case .int(let value): Int(value)
    case .long(let place): longs[Int(place)]
    case .bool(let value): value ? 1 : 0
    default: nil
    }
  }

  /// The qualified name of a global, `module.name`.
  public func globalName(_ id: PickleID) -> String? {
    namePlace(id).map { names[$0].qualified }
  }

  mutating func add(_ value: PickleValue, at offset: Int) -> PickleID {
    add(keep(value, from: offset), at: offset)
  }

  private mutating func add(_ value: Kept, at offset: Int) -> PickleID {
    offsets.append(UInt32(clamping: offset))
    kept.append(value)
    return PickleID(index: Int32(kept.count - 1))
  }

  /// Adds a tuple, and makes no array of what it holds but where that is much.
  mutating func add(tuple parts: ArraySlice<PickleID>, at offset: Int) -> PickleID {
    guard let (start, count) = stretch(for: parts.count) else { return add(.tuple(Array(parts)), at: offset) }
    items.append(contentsOf: parts)
    return add(.tuple(start: start, count: count), at: offset)
  }

  /// Adds a call, whose arguments are a tuple.
  mutating func add(
    call callable: PickleID, _ arguments: PickleID, keywords: PickleID?, isNew: Bool, at offset: Int
  ) -> PickleID {
    calls.append(Call(callable, arguments, keywords: keywords, isNew: isNew))
    return add(.call(Int32(calls.count - 1)), at: offset)
  }

  /// - Parameter offset: of the opcode that made the value.
  private mutating func keep(_ value: PickleValue, from offset: Int) -> Kept {
    switch value {
    case .none: return .none
    case .bool(let value): return .bool(value)
    case .int(let value):
      if let value = Int32(exactly: value) { return .int(value) }
      longs.append(value)
      return .long(Int32(longs.count - 1))
    case .float(let value):
      floats.append(value)
      return .float(Int32(floats.count - 1))
    case .global(let module, let name): return .global(place(ofName: name, in: module, at: offset))
    case .tuple(let parts):
      if let (start, count) = stretch(for: parts.count) {
        items.append(contentsOf: parts)
        return .tuple(start: start, count: count)
      }
    case .list(let parts):
      if let (start, count) = stretch(for: parts.count) {
        items.append(contentsOf: parts)
        return .list(start: start, count: count)
      }
    case .dict(let pairs):
      if let (start, count) = stretch(for: pairs.count) {
        for pair in pairs { items.append(pair.key) }
        for pair in pairs { items.append(pair.value) }
        return .dict(start: start, count: count)
      }
    case .object(let object):
      if let call = Call(object) {
        calls.append(call)
        return .call(Int32(calls.count - 1))
      }
    default: break
    }
    others.append(value)
    return .other(Int32(others.count - 1))
  }

  /// Where the next stretch of `items` begins; `nil` for what is kept as it is.
  private func stretch(for count: Int) -> (start: Int32, count: UInt8)? {
    guard count <= Self.short, let start = Int32(exactly: items.count) else { return nil }
    return (start, UInt8(count))
  }

  /// The same few names come a million times.
  private mutating func place(ofName name: String, in module: String, at offset: Int) -> Int32 {
    let known = namePlaces.insert(NameHash(of: module, name), at: names.count) { place in
      ExactString(names[place].name) == ExactString(name)
        && ExactString(names[place].module) == ExactString(module)
    }
    if let known { return Int32(known) }
    names.append(Name(module: module, name: name, qualified: "\(module).\(name)", offset: offset))
    return Int32(names.count - 1)
  }

  /// Changes a value without copying the array it may hold.
  mutating func update<R>(_ id: PickleID, _ change: (inout PickleValue) -> R) -> R {
    let index = Int(id.index)
    if case .other(let place) = kept[index] { return change(&others[Int(place)]) }
    var value = self[id]
    let result = change(&value)
    if case .call(let place) = kept[index], case .object(let object) = value, let call = Call(object) {
      calls[Int(place)] = call
    } else {
      kept[index] = keep(value, from: self.offset(of: id))
    }
    return result
  }
}
