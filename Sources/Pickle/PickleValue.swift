/// A value's place in a ``PickleGraph``.
public struct PickleID: Hashable, Sendable {
  let index: Int32
}

/// What a pickle stream builds.
///
/// There may be millions, so what is rare and large lies elsewhere.
///
/// Children are ids into the graph, so a value is shared, cyclic or nested a hundred thousand deep without
/// a copy, a leak or a deep `deinit`.
public enum PickleValue: Sendable {
  case none
  case bool(Bool)
  case int(Int)
  /// An integer beyond 64 bits, as two's complement bytes, little-endian.
  case bigInt([UInt8])
  case float(Double)
  case string(String)
  /// Also what a Python 2 `str` becomes that is not UTF-8.
  case bytes([UInt8])
  case tuple([PickleID])
  case list([PickleID])
  /// Keys and values in the order in which the stream assigned them; a key may come twice, the last one counts.
  case dict([(key: PickleID, value: PickleID)])
  case set([PickleID])
  /// A class or function by name. Nothing is looked up or imported.
  indirect case global(module: String, name: String)
  /// The result of a call that was not made.
  indirect case object(PickleObject)
  /// What the stream calls a persistent id: a reference to something outside it.
  case persistent(PickleID)

  /// Whether it can stand for a class or a function.
  ///
  /// Formats before 1.6 name a module's class by a persistent id, to keep its source beside it.
  var mayBeCalled: Bool {
    switch self {
    case .global, .object, .persistent: true
    default: false
    }
  }

  /// The kind of value, in Python's words.
  public var kind: String {
    switch self {
    case .none: "None"
    case .bool: "bool"
    case .int, .bigInt: "int"
    case .float: "float"
    case .string: "str"
    case .bytes: "bytes"
    case .tuple: "tuple"
    case .list: "list"
    case .dict: "dict"
    case .set: "set"
    case .global: "global"
    case .object: "object"
    case .persistent: "persistent id"
    }
  }
}

/// What REDUCE, NEWOBJ, OBJ or INST would have made: the callable and everything that was given to it, inert.
public struct PickleObject: Sendable {
  /// The class or function, usually a ``PickleValue/global(module:name:)``.
  public let callable: PickleID
  /// The positional arguments.
  public let arguments: [PickleID]
  /// The tuple that they were taken from, which other calls may share; `nil` of OBJ and INST, which take them from the stack.
  public var argumentTuple: PickleID?
  /// The keyword arguments of NEWOBJ_EX: a dict.
  public let keywords: PickleID?
  /// Whether it was made by NEWOBJ: by `__new__` of a class, which a tuple's class gives its items.
  public var isNew = false
  /// What APPEND(S) and ADDITEMS added.
  public var elements: [PickleID] = []
  /// What SETITEM(S) added.
  public var items: [(key: PickleID, value: PickleID)] = []
  /// What BUILD set, in order.
  public var states: [PickleID] = []
}
