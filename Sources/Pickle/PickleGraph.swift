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

  /// A value, or where it lies.
  private enum Kept {
    case none
    case bool(Bool)
    case int(Int)
    case float(Double)
    /// A stretch of `items`.
    case tuple(start: Int32, count: Int32)
    /// A place in `objects`.
    case object(Int32)
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
      (callable, self.arguments, state) = (object.callable, arguments, object.states.first)
      (keywords, isNew) = (object.keywords, object.isNew)
    }
  }

  private var kept: [Kept] = []
  private var items: [PickleID] = []
  private var calls: [Call] = []
  private var others: [PickleValue] = []
  /// As far as 32 bits reach.
  private var offsets: [UInt32] = []

  /// A tuple of more is kept as it is, so that no look at it copies much.
  private static let shortTuple = 8

  init() {}

  /// Takes room for about so many values; what is not used costs nothing.
  mutating func expect(_ count: Int) {
    let count = min(count, Self.mostExpected)
    kept.reserveCapacity(count)
    offsets.reserveCapacity(count)
  }

  private static let mostExpected = 1 << 21

  /// How many values there are.
  public var valueCount: Int { kept.count }

  /// The value of an id of this graph.
  public subscript(id: PickleID) -> PickleValue {
    switch kept[Int(id.index)] {
    case .none: .none
    case .bool(let value): .bool(value)
    case .int(let value): .int(value)
    case .float(let value): .float(value)
    case .tuple(let start, let count): .tuple(Array(items[Int(start)..<(Int(start) + Int(count))]))
    case .object(let place): .object(object(calls[Int(place)]))
    case .other(let place): others[Int(place)]
    }
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

  /// Every value in the order of the stream.
  public var all: some Sequence<(id: PickleID, value: PickleValue)> {
    kept.indices.lazy.map { (PickleID(index: Int32($0)), self[PickleID(index: Int32($0))]) }
  }

  /// Every class and function that is named, in the order of the stream.
  public var globals: some Sequence<(id: PickleID, module: String, name: String)> {
    kept.indices.lazy.compactMap { index in
      guard case .other(let place) = kept[index], case .global(let module, let name) = others[Int(place)]
      else { return nil }
      return (PickleID(index: Int32(index)), module, name)
    }
  }

  /// The text of a string value.
  public func string(_ id: PickleID) -> String? {
    if case .string(let text) = self[id] { text } else { nil }
  }

  /// An integer value that fits; Python's `True` and `False` count as integers.
  public func int(_ id: PickleID) -> Int? {
    switch kept[Int(id.index)] {
    case .int(let value): value
    case .bool(let value): value ? 1 : 0
    default: nil
    }
  }

  /// The qualified name of a global, `module.name`.
  public func globalName(_ id: PickleID) -> String? {
    guard case .other = kept[Int(id.index)], case .global(let module, let name) = self[id] else { return nil }
    return "\(module).\(name)"
  }

  mutating func add(_ value: PickleValue, at offset: Int) -> PickleID {
    offsets.append(UInt32(clamping: offset))
    kept.append(keep(value))
    return PickleID(index: Int32(kept.count - 1))
  }

  private mutating func keep(_ value: PickleValue) -> Kept {
    switch value {
    case .none: return .none
    case .bool(let value): return .bool(value)
    case .int(let value): return .int(value)
    case .float(let value): return .float(value)
    case .tuple(let parts)
    where parts.count <= Self.shortTuple && items.count < Int(Int32.max) - Self.shortTuple:
      items.append(contentsOf: parts)
      return .tuple(start: Int32(items.count - parts.count), count: Int32(parts.count))
    case .object(let object):
      if let call = Call(object) {
        calls.append(call)
        return .object(Int32(calls.count - 1))
      }
    default: break
    }
    others.append(value)
    return .other(Int32(others.count - 1))
  }

  /// Changes a value without copying the array it may hold.
  mutating func update<R>(_ id: PickleID, _ change: (inout PickleValue) -> R) -> R {
    let index = Int(id.index)
    if case .other(let place) = kept[index] { return change(&others[Int(place)]) }
    var value = self[id]
    let result = change(&value)
    if case .object(let place) = kept[index], case .object(let object) = value, let call = Call(object) {
      calls[Int(place)] = call
    } else {
      kept[index] = keep(value)
    }
    return result
  }
}
