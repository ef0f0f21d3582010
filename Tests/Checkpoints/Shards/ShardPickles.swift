import SutureBytes
import SuturePickle

typealias Write = (inout Pickler) -> Void

/// What the pickles of training shards are made of.
extension Pickler {
  /// An object of a class, and what BUILD sets on it.
  mutating func object(_ module: String, _ name: String, _ state: Write) {
    global(module, name)
    emptyTuple()
    newObject()
    state(&self)
    build()
  }

  /// An object whose `__dict__` these are.
  mutating func object(_ module: String, _ name: String, _ items: [(String, Write)]) {
    object(module, name) { $0.dict(items) }
  }

  mutating func size(_ sizes: [Int]) { call("torch", "Size", { $0.tuple(sizes) }) }

  mutating func list(_ items: [Write]) {
    emptyList()
    mark()
    for item in items { item(&self) }
    appends()
  }

  mutating func tuple(of items: [Write]) {
    mark()
    for item in items { item(&self) }
    tuple()
  }
}

/// Float32 elements, little-endian.
func floatBytes(_ values: [Float]) -> [UInt8] {
  var bytes: [UInt8] = []
  for value in values { bytes.append(littleEndian: value.bitPattern) }
  return bytes
}

/// What `torch.save` writes of a float32 tensor.
func savedTensor(_ values: [Float], _ shape: [Int], strides: [Int]? = nil) throws -> [UInt8] {
  var step = 1
  var rowMajor: [Int] = []
  for size in shape.reversed() {
    rowMajor.insert(step, at: 0)
    step *= max(size, 1)
  }
  return try TorchFile(storages: [floatBytes(values)]) {
    $0.tensor(shape, strides: strides ?? rowMajor, count: values.count)
  }.bytes
}
