internal import SuturePickle
internal import SutureTensors

/// Plain data, by opcodes and names that torch's `weights_only` loader knows.
extension Pickler {
  mutating func value(_ value: PlainValue, _ storages: StorageTable) {
    switch value {
    case .none, .entry, .stateDict: none()
    case .bool(let value): bool(value)
    case .int(let value): int(value)
    case .bigInt(let bytes): long(bytes)
    case .float(let value): float(value)
    case .complex(let real, let imaginary):
      call("__builtin__", "complex", [.float(real), .float(imaginary)], storages)
    case .string(let text): string(text)
    case .bytes(let bytes):
      // As Python's pickler spells bytes for protocol 2: a text of which each character is a byte.
      global("_codecs", "encode")
      mark()
      string(latin1: bytes)
      string("latin1")
      tuple()
      reduce()
    case .set(let items): call("__builtin__", "set", [.list(items)], storages)
    case .list(let items):
      emptyList()
      if items.isEmpty { return }
      mark()
      for item in items { self.value(item, storages) }
      appends()
    case .tuple(let items): tuple(items, storages)
    case .dict(let pairs):
      emptyDict()
      set(pairs, storages)
    case .orderedDict(let pairs, let attributes):
      emptyOrderedDict()
      set(pairs, storages)
      if attributes.isEmpty { return }
      emptyDict()
      set(attributes, storages)
      build()
    case .size(let sizes):
      global("torch", "Size")
      mark()
      tuple(sizes)
      tuple()
      reduce()
    case .dtype(let dtype): global("torch", dtype.rawValue)
    case .tensor(let tensor): self.tensor(tensor, storages)
    case .module(let buffers, let attributes): module(buffers, attributes, storages)
    }
  }

  private mutating func call(
    _ module: String, _ name: String, _ arguments: [PlainValue], _ storages: StorageTable
  ) {
    global(module, name)
    tuple(arguments, storages)
    reduce()
  }

  /// The least that `Module.__setstate__` completes.
  private mutating func module(
    _ buffers: PlainValue, _ attributes: [(name: String, value: PlainValue)], _ storages: StorageTable
  ) {
    global("torch.nn.modules.module", "Module")
    emptyTuple()
    newObject()
    let empty = PlainValue.orderedDict([], attributes: [])
    emptyDict()
    set(
      [
        (.string("training"), .bool(false)), (.string("_parameters"), empty), (.string("_buffers"), buffers),
        (.string("_modules"), empty),
      ] + attributes.map { (.string($0.name), $0.value) }, storages)
    build()
  }

  mutating func emptyOrderedDict() {
    global("collections", "OrderedDict")
    emptyTuple()
    reduce()
  }

  private mutating func set(_ pairs: [(key: PlainValue, value: PlainValue)], _ storages: StorageTable) {
    if pairs.isEmpty { return }
    mark()
    for (key, value) in pairs {
      self.value(key, storages)
      self.value(value, storages)
    }
    setItems()
  }

  private mutating func tuple(_ items: [PlainValue], _ storages: StorageTable) {
    if items.isEmpty { return emptyTuple() }
    mark()
    for item in items { value(item, storages) }
    tuple()
  }
}
