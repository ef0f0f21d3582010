/// Everything one pickle stream built, in an arena.
public struct PickleGraph: Sendable {
  /// What the stream left on the stack at STOP.
  public internal(set) var root = PickleID(index: 0)

  /// How many bytes the stream took, STOP included.
  public internal(set) var streamByteCount = 0

  /// The first opcode that the machine of `torch.load(weights_only=True)` lacks, by its name.
  public internal(set) var foreignOpcode: String?

  /// The texts that are kept as bytes, since they hold half characters (lone surrogates), which UTF-8 has no bytes for.
  public internal(set) var halfTexts: Set<PickleID> = []

  private(set) var values: [PickleValue] = []
  private var offsets: [Int] = []

  init() {}

  /// How many values there are.
  public var valueCount: Int { values.count }

  /// The value of an id of this graph.
  public subscript(id: PickleID) -> PickleValue { values[Int(id.index)] }

  /// The offset in the stream of the opcode that made the value.
  public func offset(of id: PickleID) -> Int { offsets[Int(id.index)] }

  /// Every value in the order of the stream.
  public var all: some Sequence<(id: PickleID, value: PickleValue)> {
    values.indices.lazy.map { (PickleID(index: Int32($0)), values[$0]) }
  }

  /// The text of a string value.
  public func string(_ id: PickleID) -> String? {
    if case .string(let text) = self[id] { text } else { nil }
  }

  /// An integer value that fits; Python's `True` and `False` count as integers.
  public func int(_ id: PickleID) -> Int? {
    switch self[id] {
    case .int(let value): value
    case .bool(let value): value ? 1 : 0
    default: nil
    }
  }

  /// The qualified name of a global, `module.name`.
  public func globalName(_ id: PickleID) -> String? {
    if case .global(let module, let name) = self[id] { "\(module).\(name)" } else { nil }
  }

  mutating func add(_ value: PickleValue, at offset: Int) -> PickleID {
    values.append(value)
    offsets.append(offset)
    return PickleID(index: Int32(values.count - 1))
  }

  /// Changes a value without copying the array it may hold.
  mutating func update<R>(_ id: PickleID, _ change: (inout PickleValue) -> R) -> R {
    change(&values[Int(id.index)])
  }
}
