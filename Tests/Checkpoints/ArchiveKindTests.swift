import SutureBytes
import SuturePickle
import SutureTensors
import SutureText
import TestSupport
import Testing

@testable import SutureCheckpoints

/// Zip archives that are not quite what `torch.save` writes, and what only looks like one of its files.
@Suite struct `An archive` {
  private func pickle(_ name: String = "w") -> [UInt8] {
    var pickler = Pickler()
    pickler.dict([(name, { $0.tensor() })])
    return pickler.finish()
  }

  private let storage = [UInt8](repeating: 7, count: 16)

  private func open(_ bytes: [UInt8], name: String = "file") throws -> Checkpoint {
    try .open(MemorySource(bytes, name: name))
  }

  private func refusal(_ bytes: [UInt8]) -> (any SutureError)? {
    #expect(throws: (any Error).self) { _ = try open(bytes) } as? any SutureError
  }

  private func words(_ error: (any SutureError)?) -> String {
    "\(error?.reason ?? "") \(error?.remedies.map { "\($0)" }.joined(separator: " ") ?? "")"
  }

  @Test func `with another pickle deeper in it is read as torch reads it, and told`() throws {
    for deeperFirst in [false, true] {
      var records = [("x/data.pkl", pickle()), ("x/data/0", storage)]
      records.insert(("x/extra/data.pkl", pickle("other")), at: deeperFirst ? 0 : 2)
      let checkpoint = try open(plainZip(records))
      #expect(checkpoint.stateDict.names == ["w"])
      #expect(checkpoint.warnings.count == 1 && checkpoint.warnings[0].contains("x/extra/data.pkl"))
    }
  }

  @Test(arguments: ["y/data.pkl", "y/deeper/data.pkl", "data.pkl"])
  func `with another pickle beside or around it is refused`(other: String) {
    let error = refusal(
      plainZip([("x/data.pkl", pickle()), ("x/data/0", storage), (other, pickle("other"))]))
    #expect(error?.kind == .unreadable && words(error).contains("2 checkpoints"))
  }

  /// What a pickle does that Python would load, and that is not whole.
  private func harm(_ end: String) -> [UInt8] {
    [0x80, 2] + Array("cos\nsystem\n(X\u{4}\0\0\0truetR\(end)".unicodeScalars.map { UInt8($0.value) })
  }

  @Test(arguments: ["", "\u{FF}", "h\u{77}.", "K\u{1}K\u{1}a."])
  func `whose other pickle does harm before it fails is refused`(end: String) {
    for name in ["x/constants.pkl", "x/extra/data.pkl", "x/notes.pkl"] {
      let error = refusal(plainZip([("x/data.pkl", pickle()), ("x/data/0", storage), (name, harm(end))]))
      #expect(error?.kind == .unsafe && words(error).contains("os.system"), "\(name)")
    }
    let error = refusal(plainZip([("x/data.pkl", pickle() + harm(end)), ("x/data/0", storage)]))
    #expect(error?.kind == .unsafe)
  }

  @Test(arguments: [
    "cm\nC\n}b", "\u{82}\u{1}", "Ixx\n", "K\u{1}K\u{2}a", "\u{97}",
  ]) func `whose other pickle cannot be read to its end is not called sound`(start: String) throws {
    let bytes = [0x80, 2] + start.unicodeScalars.map { UInt8($0.value) } + harm(".").dropFirst(2)
    for name in ["x/constants.pkl", "x/data.pkl"] {
      let first = name == "x/data.pkl" ? pickle() + bytes : pickle()
      let others = name == "x/data.pkl" ? [] : [(name, bytes)]
      let checkpoint = try open(plainZip([("x/data.pkl", first), ("x/data/0", storage)] + others))
      #expect(checkpoint.stateDict.names == ["w"])
      #expect(
        checkpoint.warnings.last?.contains("cannot be read as a pickle, so what it calls is not known")
          == true)
      let problems = try Integrity(of: checkpoint).problems
      #expect(problems.map(\.place) == [name] && problems.map(\.kind) == [.unreadable])
    }
  }

  @Test func `whose other pickle has a text of half a character before it does harm is refused`() {
    let bytes = [0x80, 2] + Array("X\u{3}\0\0\0".utf8) + [0xED, 0xA0, 0x80] + harm(".").dropFirst(2)
    let error = refusal(
      plainZip([("x/data.pkl", pickle()), ("x/data/0", storage), ("x/constants.pkl", bytes)]))
    #expect(error?.kind == .unsafe)
  }

  @Test func `with bytes behind its pickle that are none is sound, and it is told`() throws {
    for bytes in [Array("hello".utf8), [0, 0, 0], [0x80, 9, 1]] {
      let checkpoint = try open(plainZip([("x/data.pkl", pickle() + bytes), ("x/data/0", storage)]))
      #expect(checkpoint.warnings == ["\(bytes.count) bytes follow the end of the pickle in x/data.pkl"])
      #expect(try Integrity(of: checkpoint).problems.isEmpty)
    }
  }

  @Test func `with what macOS puts beside a pickle is sound`() throws {
    let records = [
      ("x/data.pkl", pickle()), ("x/data/0", storage), ("__MACOSX/x/._data.pkl", [0, 5, 22, 7]),
      ("x/._a.pkl", [0, 5, 22, 7]),
    ]
    #expect(try Integrity(of: try open(plainZip(records))).problems.isEmpty)
    let evil = refusal(plainZip(records + [("__MACOSX/x/._b.pkl", harm("."))]))
    #expect(evil?.kind == .unsafe)
  }

  @Test func `with more pickles behind one another than anyone writes is not called sound`() throws {
    let many: [UInt8] = (0..<1001).flatMap { _ in [0x80, 2, UInt8(ascii: "N"), UInt8(ascii: ".")] }
    let checkpoint = try open(plainZip([("x/data.pkl", pickle() + many), ("x/data/0", storage)]))
    #expect(try Integrity(of: checkpoint).problems.map(\.place) == ["x/data.pkl"])
  }

  @Test func `whose storages skip_data left empty is read, and told`() throws {
    let records = [("x/data.pkl", pickle()), ("x/data/0", [UInt8](repeating: 0, count: 16))]
    let checkpoint = try open(plainZip(records, unchecked: ["x/data/0"]))
    #expect(try checkpoint.stateDict.entries[0].tensor.floats() == [0, 0, 0, 0])
    #expect(checkpoint.warnings.count == 1 && checkpoint.warnings[0].contains("skip_data"))
    let integrity = try Integrity(of: checkpoint)
    #expect(integrity.problems.isEmpty && integrity.verifiedCount == 1)
  }

  @Test func `whose PK was replaced by digits is read, and told`() throws {
    var bytes = plainZip([("x/data.pkl", pickle()), ("x/data/0", storage)])
    bytes.replaceSubrange(0..<2, with: "05".utf8)
    let checkpoint = try open(bytes)
    #expect(checkpoint.stateDict.names == ["w"])
    #expect(checkpoint.warnings.count == 1 && checkpoint.warnings[0].contains("GPT-SoVITS"))
  }

  @Test func `of other files names the checkpoints among them`() {
    let names = ["data", "notes.txt", "a.txt", "b.txt", "c.txt", "policy.pth", "deep/best.safetensors"]
    let error = refusal(plainZip(names.map { ($0, [1]) }))
    #expect(error?.kind == .unreadable)
    #expect(words(error).contains("unpack it and open policy.pth and deep/best.safetensors"))
  }

  // MARK: NumPy's

  private let floats = npy("'<f4'", shape: "(2,)", [0, 0, 128, 63, 0, 0, 0, 64])

  @Test(arguments: [
    ("'<U3'", "texts"), ("'|S3'", "texts"), ("'<f16'", "precision"),
    ("[('a', '<f4'), ('b', '<i8', (2,))]", "structured"),
    ("'<M8[ns]'", "times"), ("'|V8'", "V8"),
  ]) func `of arrays with an odd one is read but for that, which is told`(descr: String, why: String) throws {
    let odd = npy(descr, shape: "(1,)", [UInt8](repeating: 0, count: 24))
    let checkpoint = try open(plainZip([("odd.npy", odd), ("w.npy", floats)]))
    #expect(checkpoint.container == .npz && checkpoint.stateDict.names == ["w"])
    #expect(checkpoint.warnings.count == 1)
    #expect(checkpoint.warnings[0].hasPrefix("left out: odd") && checkpoint.warnings[0].contains(why))
    #expect(words(refusal(plainZip([("odd.npy", odd)]))).contains(why))
  }

  @Test func `of arrays with dicts of arrays reads these under their names`() throws {
    func array(_ pickler: inout Pickler) {
      pickler.call(
        "numpy.core.multiarray", "_reconstruct", { $0.global("numpy", "ndarray") }, { $0.tuple([0]) },
        { $0.string("b") })
      pickler.mark()
      pickler.int(1)
      pickler.tuple([2])
      pickler.call("numpy", "dtype", { $0.string("f4") }, { $0.bool(false) }, { $0.bool(true) })
      pickler.bool(false)
      pickler.call("_codecs", "encode", { $0.string("\0\0\0\0\0\0\0\0") }, { $0.string("latin1") })
      pickler.tuple()
      pickler.build()
    }
    var pickler = Pickler()
    pickler.dict([("w", array), ("lr", { $0.float(0.1) })])
    let params = npy("'|O'", shape: "()", pickler.finish())
    let checkpoint = try open(plainZip([("params.npy", params), ("w.npy", floats), ("opt.npy", params)]))
    #expect(checkpoint.stateDict.names == ["w", "params.w", "opt.w"])
    #expect(checkpoint.warnings.count == 2)
    #expect(
      checkpoint.warnings[0].hasPrefix(
        "params is an array of Python objects: its 1 tensor is read under its name"))
    let clash = refusal(plainZip([("params.npy", params), ("params.w.npy", floats)]))
    #expect(clash != nil)
  }

  @Test func `of arrays shows the names in an array of objects, and refuses what they do`() throws {
    var pickler = Pickler()
    pickler.global("collections", "OrderedDict")
    let objects = npy("'|O'", shape: "()", pickler.finish())
    let checkpoint = try open(plainZip([("meta.npy", objects), ("w.npy", floats)]))
    #expect(
      checkpoint.stateDict.names == ["w"] && checkpoint.globals.map(\.name) == ["collections.OrderedDict"])
    var harm = Pickler()
    harm.call("os", "system", { $0.string("true") })
    let evil = npy("'|O'", shape: "()", harm.finish())
    #expect(refusal(plainZip([("meta.npy", evil), ("w.npy", floats)]))?.kind == .unsafe)
    #expect(refusal(evil)?.kind == .unsafe)
  }

  @Test func `of one array that is a dict is read as that dict`() throws {
    // NumPy pickles an array of one object around it; the reader takes either.
    var pickler = Pickler()
    pickler.dict([
      (
        "w",
        { pickler in
          pickler.call(
            "numpy._core.numeric", "_frombuffer", { $0.string(String(repeating: "\0", count: 8)) },
            { $0.call("numpy", "dtype", { $0.string("f4") }) }, { $0.tuple([2]) }, { $0.string("C") })
        }
      )
    ])
    let checkpoint = try open(plainZip([("arr_0.npy", npy("'|O'", shape: "()", pickler.finish()))]))
    #expect(checkpoint.container == .npz)
    #expect(checkpoint.stateDict.entries.map { "\($0.name) \($0.tensor.shape)" } == ["w [2]"])
  }

  // MARK: What is too long

  @Test func `with a key that is long beyond measure is refused, and the limit told`() throws {
    let long = String(repeating: "n", count: 1 << 20)
    #expect(
      try open(plainZip([("x/data.pkl", pickle(long)), ("x/data/0", storage)])).stateDict.names == [long])
    let error = refusal(plainZip([("x/data.pkl", pickle(long + "n")), ("x/data/0", storage)]))
    #expect(error?.kind == .unreadable && words(error).contains("a key has 1048577 bytes"))
    #expect(words(error).contains("key-bytes"))
  }

  // MARK: joblib's

  /// What joblib pickles of an array, its bytes, and the rest of the pickle.
  private func joblib(_ bytes: [UInt8]) -> [UInt8] {
    var pickler = Pickler()
    pickler.mark()
    pickler.string("w")
    pickler.global("joblib.numpy_pickle", "NumpyArrayWrapper")
    pickler.emptyTuple()
    pickler.newObject()
    return Array(pickler.finish().dropLast()) + bytes
  }

  @Test func `of joblib is named, wherever its pickle breaks`() {
    for bytes: [UInt8] in [[10, 255, 255], [0], Array("0.".utf8), [], [1, 2, 3, 4]] {
      let error = refusal(joblib(bytes))
      #expect(error?.kind == .unreadable && words(error).contains("joblib"))
    }
    for level: UInt8 in [0x01, 0x5E, 0x9C, 0xDA] {
      #expect(words(refusal([0x78, level, 1, 2, 3])).contains("joblib"))
    }
  }
}
