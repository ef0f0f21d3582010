import Glibc
import SutureBytes
import SuturePickle
import SutureJSON
import SutureTensors
import SutureText
import Testing

@testable import SutureCheckpoints
import TestSupport

@Suite struct `Writing a checkpoint` {
  private func dict(_ entries: [(String, Tensor)]) throws -> StateDict {
    try StateDict(entries.map { .init(name: $0.0, tensor: $0.1) })
  }

  private func floats(_ count: Int) throws -> Tensor {
    try Tensor(floats: (0..<count).map(Float.init), shape: [count])
  }

  private func folder() throws -> String {
    let path = "/tmp/suture-writing-\(UInt64.random(in: 0 ... .max))"
    try createFolder(path)
    return path
  }

  private func remove(_ folder: String) {
    for name in (try? fileNames(in: folder)) ?? [] { unlink("\(folder)/\(name)") }
    rmdir(folder)
  }

  // MARK: Shards

  @Test func `cuts shards as Hugging Face does, what shares a storage together`() throws {
    let (small, large) = (try floats(10), try floats(1000))
    let state = try dict([
      ("a", small), ("b", try floats(10)), ("large", large), ("c", try floats(10)), ("tied", small),
      ("large.tied", large),
    ])
    let together = try Shards(state, limit: 100, keepsTogether: true)
    #expect(together.parts.map(\.names) == [["large", "large.tied"], ["a", "b", "tied"], ["c"]])
    let apart = try Shards(state, limit: 100, keepsTogether: false)
    #expect(apart.parts.map(\.names) == [["large"], ["a", "b"], ["large.tied"], ["c", "tied"]])
    #expect(try Shards(StateDict(), limit: 1, keepsTogether: true).parts.count == 1)
  }

  @Test func `names shards beside the file that they replace`() {
    #expect(Shards.path("x/model.safetensors", index: 0, count: 2) == "x/model-00001-of-00002.safetensors")
    #expect(Shards.path("v1.5/model", index: 1, count: 12) == "v1.5/model-00002-of-00012")
    #expect(Shards.path("a.pth", index: 0, count: 1) == "a.pth")
  }

  @Test func `refuses to replace a single shard, and takes back those that it wrote`() throws {
    let folder = try folder()
    defer { remove(folder) }
    var options = WriteOptions(.safetensors)
    options.maximumShardSize = 40
    let state = try dict([("a", try floats(10)), ("b", try floats(10))])
    let writer = CheckpointWriter(.folder(folder), options)
    let plan = try writer.plan(state)
    let taken = try OutputFile(folder + "/model-00002-of-00002.safetensors")
    // It appears after the check, while the shards are being written.
    #expect(throws: OutputExists.self) {
      try writer.write(plan, beforeCommit: { try taken.commit(replacing: false) })
    }
    #expect(try fileNames(in: folder) == ["model-00002-of-00002.safetensors"])
    #expect(throws: OutputExists.self) { try writer.write(plan) }
  }

  @Test func `makes the folder, and takes it away again where nothing came of it`() throws {
    struct Stop: Error {}
    let path = "/tmp/suture-writing-\(UInt64.random(in: 0 ... .max))"
    let writer = CheckpointWriter(.folder(path + "/"), WriteOptions(.pytorchZip))
    let plan = try writer.plan(try dict([("a", try floats(3))]))
    #expect(throws: Stop.self) { try writer.write(plan, beforeCommit: { throw Stop() }) }
    #expect(!pathExists(path))
    try writer.write(plan)
    #expect(try fileNames(in: path) == ["pytorch_model.bin"])
    remove(path)
  }

  // MARK: Shared names

  private func written(_ state: StateDict, _ shared: SharedPolicy) throws -> [UInt8] {
    let contents = try SafetensorsWriter.contents(
      state, shared: shared, provenance: Provenance([.init(tool: "test", steps: [])]), name: "out")
    return try bytes(contents.plan)
  }

  private func bytes(_ plan: OutputPlan) throws -> [UInt8] {
    let path = "/tmp/suture-writing-\(UInt64.random(in: 0 ... .max))"
    defer { unlink(path) }
    let output = try OutputFile(path)
    try output.write(plan, workers: 2) { _ in }
    try output.commit(replacing: false)
    return try contents(of: path)
  }

  @Test func `records names as another's, and gives them back in their order`() throws {
    let base = try floats(12)
    let w = try Tensor(base.storage, dtype: .float32, shape: [3, 4])
    let state = try dict([
      ("z", w), ("w", w),
      ("t", try Tensor(base.storage, dtype: .float32, shape: [4, 3], strides: [1, 4], offset: 0)),
      ("row", try Tensor(base.storage, dtype: .float32, shape: [4], strides: [1], offset: 4)),
      ("bits", try Tensor(base.storage, dtype: .int32, shape: [2], strides: [1], offset: 10)),
      ("n", try floats(1)),
    ])
    let file = try SafetensorsFile(MemorySource(try written(state, .alias)))
    #expect(file.stateDict.names == state.names)
    #expect(file.restoredNames.sorted() == ["bits", "row", "t", "z"])
    #expect(file.stateDict.aliases == state.aliases)
    #expect(file.stateDict.metadata.map(\.key) == ["format"])
    for entry in state.entries {
      let back = try #require(file.stateDict[entry.name])
      #expect(back.dtype == entry.tensor.dtype && back.strides == entry.tensor.strides)
      #expect(try back.contiguousBytes() == entry.tensor.contiguousBytes())
    }
    #expect(throws: Failure.self) { try written(state, .error) }
  }

  @Test func `records names that end alike as the Hugging Face converter does, and reads them back`() throws {
    let w = try floats(2)
    let state = try dict([("model.embed.weight", w), ("lm_head.weight", w), ("other.scale", w)])
    let file = try SafetensorsFile(MemorySource(try written(state, .alias)))
    #expect(file.stateDict.names == state.names && file.stateDict.aliases == state.aliases)
    // Between such names there is no more to say than which is which.
    let plain = try dict([("model.embed.weight", w), ("lm_head.weight", w)])
    let text = String(decoding: try written(plain, .alias), as: UTF8.self)
    #expect(text.contains(#""model.embed.weight":"lm_head.weight""#) && !text.contains("suture.views"))
    #expect(String(decoding: try written(state, .alias), as: UTF8.self).contains("suture.views"))
  }

  @Test func `does not let a name take the place of metadata`() throws {
    let w = try floats(2)
    var state = try dict([("a", w), ("format", w), ("author", w)])
    state.metadata = [("author", "someone")]
    let file = try SafetensorsFile(MemorySource(try written(state, .alias)))
    #expect(file.restoredNames.isEmpty)
    #expect(Set(file.stateDict.names) == ["a", "format", "author"])
    #expect(file.stateDict.metadata.contains { $0 == ("author", "someone") })
  }

  @Test(arguments: [
    #"{"b":{"shape":[9],"strides":[1],"offset":0}}"#, #"{"b":{"shape":[1],"strides":[1],"offset":-1}}"#,
    #"{"b":{"shape":[2],"strides":[9223372036854775807],"offset":0}}"#, #"{"b":{"shape":[1],"strides":[1]}}"#,
    #"{"b":{"shape":["1"],"strides":[1],"offset":0}}"#, #"{"b":[]}"#,
    #"{"b":{"shape":[1],"strides":[1],"offset":0,"dtype":"X9"}}"#, "[]", "{", "",
  ])
  func `refuses a record of a view that cannot be right`(views: String) throws {
    var state = try dict([("a", try floats(2))])
    state.metadata = [("b", "a"), ("suture.views", views)]
    let bytes = try written(state, .copy)
    #expect(throws: Failure.self) { try SafetensorsFile(MemorySource(bytes)) }
  }

  // MARK: Provenance

  @Test(arguments: ["", "{}", "[1]", #"{"schema":"suture.provenance/3","runs":[]}"#, "\u{0}"])
  func `takes no other text for a provenance`(text: String) { #expect(Provenance(text.utf8) == nil) }

  @Test(arguments: [[0], [0, 0], [1, 2], [-1, 0], [Int.max, 0], []])
  func `ignores an order that is none`(order: [Int]) throws {
    var state = try dict([("a", try floats(1)), ("b", try floats(1))])
    var provenance = Provenance([
      .init(tool: "test", steps: [["drop": "x"], "an old text"], options: ["dtype": "float16"])
    ])
    provenance.order = order
    state.metadata = [(Provenance.metadataKey, provenance.text)]
    let file = try SafetensorsFile(MemorySource(try withMetadata(state)))
    #expect(file.stateDict.names == ["a", "b"])
    #expect(file.provenance?.runs == provenance.runs)
  }

  private func withMetadata(_ state: StateDict) throws -> [UInt8] {
    try bytes(try SafetensorsWriter.plan(state, metadata: state.metadata.map { ($0.key, $0.value) }))
  }

  // MARK: Plain data

  private func plain(_ body: (inout Pickler) -> Void) throws -> PlainObject {
    let file = try TorchFile(body)
    return try #require(try Checkpoint.open(file.path).plainObject(keepsStructure: true))
  }

  @Test func `leaves out what holds itself or nests without end`() throws {
    let object = try plain { pickler in
      pickler.emptyDict()
      pickler.mark()
      pickler.string("w")
      pickler.tensor()
      pickler.string("deep")
      for _ in 0..<500 {
        pickler.emptyList()
        pickler.mark()
      }
      for _ in 0..<500 { pickler.appends() }
      pickler.setItems()
    }
    #expect(object.notes.count == 1)
    #expect(object.notes[0].hasPrefix("left out: deep.0.0") && object.notes[0].hasSuffix("beyond measure"))
  }

  @Test func `keeps a tensor of an object out of the state dict`() throws {
    let object = try plain { pickler in
      pickler.dict([
        ("w", { $0.tensor() }),
        (
          "thing",
          {
            $0.global("my", "Thing")
            $0.emptyTuple()
            $0.reduce()
            $0.dict([("x", { $0.int(1) }), ("hidden", { $0.tensor() })])
            $0.build()
          }
        ),
      ])
    }
    guard case .dict(let items) = object.root, case .dict(let inside) = items[1].value else {
      Issue.record("the object is no dict of dicts")
      return
    }
    #expect(inside.count == 1)
    #expect(object.notes.contains { $0.contains("thing.hidden is a tensor inside an object") })
  }

  /// The value `x` of an object that has a state dict beside it, and what was told.
  private func simplified(_ body: @escaping (inout Pickler) -> Void) throws -> (
    value: PlainValue?, notes: [String]
  ) {
    let object = try plain { $0.dict([("state_dict", { $0.dict([("w", { $0.tensor() })]) }), ("x", body)]) }
    guard case .dict(let items) = object.root else { return (nil, object.notes) }
    return (items.count == 2 ? items[1].value : nil, object.notes)
  }

  @Test func `tells that what lies beside tensors has no place where these become another dict`() throws {
    let file = try TorchFile { $0.dict([("w", { $0.tensor() }), ("epoch", { $0.int(3) })]) }
    let checkpoint = try Checkpoint.open(file.path)
    #expect(try checkpoint.plainObject(keepsStructure: true)?.notes == [])
    #expect(
      try checkpoint.plainObject(keepsStructure: false)?.notes == [
        "left out: everything beside the state dict, which lies in no dict of its own"
      ])
    let alone = try TorchFile { $0.dict([("w", { $0.tensor() })]) }
    #expect(try Checkpoint.open(alone.path).plainObject(keepsStructure: false)?.notes == [])
  }

  @Test func `tells what is left out before what becomes something simpler`() throws {
    let file = try TorchFile { pickler in
      pickler.dict([
        ("w", { $0.tensor() }),
        (
          "items",
          { pickler in
            pickler.global("my", "Items")
            pickler.emptyTuple()
            pickler.reduce()
            pickler.mark()
            pickler.int(1)
            pickler.appends()
          }
        ),
        ("made", { $0.call("some", "function", { $0.int(1) }) }),
      ])
    }
    let notes = try Checkpoint.open(file.path).plainObject(keepsStructure: true)?.notes ?? []
    #expect(notes.count == 2 && notes[0].hasPrefix("left out: made") && notes[1].hasPrefix("items was"))
  }

  @Test(arguments: [
    ("list", "my.Items", "a list"), ("dict", "my.Settings", "a dict"),
    ("deque", "collections.deque", "a list"),
    ("old dict", "my.Settings", "a dict"), ("old list", "my.Items", "a list"),
    ("named tuple", "an object, my.Pair,", "a tuple of its items"),
    ("text", "an object, my.Word,", "a text"), ("number", "an object, my.Count,", "a number"),
    ("slots", "an object, my.Slots,", "a dict of its attributes"), ("bytearray", "a bytearray", "bytes"),
    ("frozenset", "a frozenset", "a set"),
  ]) func `tells what becomes something simpler, and loses nothing of it`(
    kind: String, was: String, becomes: String
  )
    throws
  {
    func numbers(_ pickler: inout Pickler) {
      pickler.emptyList()
      pickler.mark()
      pickler.int(1)
      pickler.int(2)
      pickler.appends()
    }
    func pair(_ pickler: inout Pickler) { pickler.dict([("a", { $0.int(1) }), ("b", { $0.int(2) })]) }
    let (value, notes) = try simplified { pickler in
      switch kind {
      case "list", "deque":
        pickler.global(kind == "list" ? "my" : "collections", kind == "list" ? "Items" : "deque")
        pickler.emptyTuple()
        pickler.reduce()
        pickler.mark()
        pickler.int(1)
        pickler.int(2)
        pickler.appends()
      case "dict":
        pickler.global("my", "Settings")
        pickler.emptyTuple()
        pickler.newObject()
        pickler.mark()
        pickler.string("a")
        pickler.int(1)
        pickler.string("b")
        pickler.int(2)
        pickler.setItems()
      case "old dict":
        pickler.call(
          "copy_reg", "_reconstructor", { $0.global("my", "Settings") }, { $0.global("__builtin__", "dict") },
          pair)
      case "old list":
        pickler.call(
          "copy_reg", "_reconstructor", { $0.global("my", "Items") }, { $0.global("__builtin__", "list") },
          numbers)
      case "named tuple", "text", "number":
        pickler.global("my", kind == "text" ? "Word" : kind == "number" ? "Count" : "Pair")
        pickler.mark()
        if kind == "text" { pickler.string("word") } else { pickler.int(1) }
        if kind == "named tuple" { pickler.int(2) }
        pickler.tuple()
        pickler.newObject()
      case "slots":
        pickler.global("my", "Slots")
        pickler.emptyTuple()
        pickler.newObject()
        pickler.mark()
        pickler.none()
        pair(&pickler)
        pickler.tuple()
        pickler.build()
      case "bytearray":
        pickler.call("__builtin__", "bytearray", { $0.string("ab") }, { $0.string("latin-1") })
      default:
        pickler.call("__builtin__", "frozenset", numbers)
      }
    }
    #expect(notes == ["x was \(was) and becomes \(becomes)"])
    switch value {
    case .list(let items), .tuple(let items), .set(let items):
      guard items.count == 2, case .int(1) = items[0], case .int(2) = items[1] else {
        Issue.record("\(items)")
        return
      }
    case .dict(let items):
      guard items.count == 2, case .string("a") = items[0].key, case .int(1) = items[0].value,
        case .string("b") = items[1].key, case .int(2) = items[1].value
      else {
        Issue.record("\(items)")
        return
      }
    case .string(let text): #expect(text == "word" && kind == "text")
    case .int(let number): #expect(number == 1 && kind == "number")
    case .bytes(let bytes): #expect(bytes == Array("ab".utf8) && kind == "bytearray")
    default: Issue.record("\(String(describing: value))")
    }
  }
}
