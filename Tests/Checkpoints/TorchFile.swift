import Glibc
import SutureBytes
import SuturePickle
import SutureZipArchive
import TestSupport

/// Checkpoints as `torch.save` would write them, with what the tests put into the pickle.
final class TorchFile {
  let path = "/tmp/suture-checkpoint-\(UInt64.random(in: 0 ... .max)).pth"

  deinit { unlink(path) }

  init(storages: [[UInt8]] = [[UInt8](repeating: 7, count: 16)], _ body: (inout Pickler) -> Void) throws {
    var pickler = Pickler()
    body(&pickler)
    try write { archive in
      try archive.add("data.pkl", pickler.finish())
      try archive.add("byteorder", Array("little".utf8))
      for (key, bytes) in storages.enumerated() { try archive.add("data/\(key)", bytes) }
      try archive.add("version", Array("3\n".utf8))
    }
  }

  /// An archive around any bytes in the place of its pickle.
  init(pickle: [UInt8]) throws {
    try write { archive in
      try archive.add("data.pkl", pickle)
      try archive.add("version", Array("3\n".utf8))
    }
  }

  /// A file of any bytes.
  init(bytes: [UInt8]) throws {
    let output = try OutputFile(path)
    try output.write(bytes)
    try output.commit(replacing: false)
  }

  var bytes: [UInt8] {
    get throws {
      try contents(of: path)
    }
  }

  private func write(_ body: (inout StoredArchivePlan) throws -> Void) throws {
    let output = try OutputFile(path)
    var archive = StoredArchivePlan(prefix: "archive")
    try body(&archive)
    try output.write(try archive.finish(identity: ".data/serialization_id"), workers: 1) { _ in }
    try output.commit(replacing: false)
  }
}

extension Pickler {
  /// A dict of values that closures write.
  mutating func dict(_ items: [(String, (inout Pickler) -> Void)]) {
    emptyDict()
    mark()
    for (key, value) in items {
      string(key)
      value(&self)
    }
    setItems()
  }

  /// A call that closures write the arguments of.
  mutating func call(_ module: String, _ name: String, _ arguments: ((inout Pickler) -> Void)...) {
    global(module, name)
    mark()
    for argument in arguments { argument(&self) }
    tuple()
    reduce()
  }

  /// A float32 tensor on storage 0, or whatever the arguments say.
  mutating func tensor(
    _ shape: [Int] = [4], strides: [Int] = [1], offset: Int = 0, key: String = "0", count: Int = 4,
    type: String = "FloatStorage"
  ) {
    global("torch._utils", "_rebuild_tensor_v2")
    mark()
    mark()
    string("storage")
    global("torch", type)
    string(key)
    string("cpu")
    int(count)
    tuple()
    persistentID()
    int(offset)
    tuple(shape)
    tuple(strides)
    bool(false)
    global("collections", "OrderedDict")
    emptyTuple()
    reduce()
    tuple()
    reduce()
  }
}
