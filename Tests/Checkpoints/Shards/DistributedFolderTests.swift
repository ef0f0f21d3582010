import SutureBytes
import SuturePickle
import SutureTensors
import SutureText
import TestSupport
import Testing

@testable import SutureCheckpoints

/// Folders of `torch.distributed.checkpoint`.
@Suite struct `A distributed checkpoint` {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func open(_ set: DistributedSet, key: String? = nil) throws -> Checkpoint {
    try set.write(to: folder)
    return try .open(folder.path, key: key)
  }

  private func refusal(_ set: DistributedSet, _ kind: FailureKind = .unreadable) throws -> String {
    try set.write(to: folder)
    return refusal(kind)
  }

  private func refusal(_ kind: FailureKind = .unreadable) -> String {
    let error = #expect(throws: (any Error).self) { _ = try Checkpoint.open(folder.path) } as? any SutureError
    #expect(error?.kind == kind)
    return error.map { "\($0)" } ?? ""
  }

  private static let numbers = (0..<8).map(Float.init)

  // MARK: What is read

  @Test func `is one state dict, and what is no tensor is an extra`() throws {
    let checkpoint = try open(.usual())
    #expect(checkpoint.container == .distributed)
    #expect(checkpoint.stateDict.names == ["w"])
    #expect(checkpoint.stateDict["w"]?.shape == [4, 2])
    #expect(try checkpoint.stateDict["w"]?.floats() == Self.numbers)
    #expect(checkpoint.extras == [.init(path: "epoch", kind: "int", value: "3")])
    #expect(checkpoint.sharding == .init(world: 2))
    #expect(
      checkpoint.files.map { $0.split(separator: "/").last } == [".metadata", "__0_0.distcp", "__1_0.distcp"])
  }

  @Test func `is written whole`() throws {
    let checkpoint = try open(.usual())
    let output = folder.path + "/out.safetensors"
    try CheckpointWriter.write(checkpoint.stateDict, to: output, WriteOptions(.safetensors))
    #expect(try Checkpoint.open(output).stateDict["w"]?.floats() == Self.numbers)
  }

  @Test func `is nested as the planner says, and the optimizer is apart`() throws {
    var set = try DistributedSet.usual()
    let moment = DistributedSet.Chunk(
      offsets: [0], sizes: [2], file: "__0_0.distcp", bytes: try savedTensor([8, 9], [2]))
    set.entries.append(("optim.state.a.b.exp_avg", .tensor(size: [2], dtype: "float32", chunks: [moment])))
    set.paths = [
      "w": [{ $0.string("model") }, { $0.string("a.b") }],
      "optim.state.a.b.exp_avg": ["optim", "state", "a.b", "exp_avg"].map { word in { $0.string(word) } },
      "epoch": [{ $0.string("history") }, { $0.int(0) }],
    ]
    let checkpoint = try open(set)
    #expect(checkpoint.wrapper == ["model"])
    #expect(checkpoint.stateDict.names == ["a.b"])
    #expect(checkpoint.extras.map(\.path).sorted() == ["history.0", "optim.state.a.b.exp_avg"])
    #expect(
      try Checkpoint.open(folder.path, key: "optim.state").stateDict["a.b.exp_avg"]?.floats() == [8, 9])
    let all = try Checkpoint.open(folder.path, key: ".").stateDict.names.sorted()
    #expect(all == ["model.a.b", "optim.state.a.b.exp_avg"])
  }

  @Test func `without a wrapper keeps the optimizer apart as well`() throws {
    var set = try DistributedSet.usual()
    let moment = DistributedSet.Chunk(
      offsets: [0], sizes: [2], file: "__0_0.distcp", bytes: try savedTensor([8, 9], [2]))
    set.entries.append(("optimizer.m", .tensor(size: [2], dtype: "float32", chunks: [moment])))
    set.paths = ["w": [{ $0.string("w") }], "optimizer.m": [{ $0.string("optimizer") }, { $0.string("m") }]]
    let checkpoint = try open(set)
    #expect(checkpoint.stateDict.names == ["w"])
    #expect(checkpoint.candidates == [.init(path: "optimizer", tensorCount: 1)])
    #expect(try Checkpoint.open(folder.path, key: "optimizer").stateDict.names == ["m"])
  }

  @Test func `honours the strides of an item`() throws {
    var set = try DistributedSet.usual()
    try set.change { _, _, chunks in
      chunks[1].bytes = try savedTensor([4, 6, 5, 7], [2, 2], strides: [1, 2])
    }
    #expect(try open(set).stateDict["w"]?.floats() == Self.numbers)
  }

  /// Items that are as another but for their elements are not parsed again; their checksums are their own.
  @Test func `of many items of a kind has the elements and the checksum of each`() throws {
    let rows = try (0..<9).map { row in
      DistributedSet.Chunk(
        offsets: [row, 0], sizes: [1, 2], file: "__\(row % 2)_0.distcp",
        bytes: try savedTensor([Float(row), Float(row) + 0.5], [1, 2]))
    }
    var set = DistributedSet(entries: [("w", .tensor(size: [9, 2], dtype: "float32", chunks: rows))])
    let expected = (0..<9).flatMap { [Float($0), Float($0) + 0.5] }
    #expect(try open(set).stateDict["w"]?.floats() == expected)
    try set.change { _, _, chunks in
      let place = try #require(
        chunks[6].bytes.firstRange(of: floatBytes([6, 6.5])), "the elements lie in the item as they are")
      chunks[6].bytes[place.lowerBound] ^= 1
    }
    let damaged = try open(set)
    let error = #expect(throws: ChecksumMismatch.self) { try damaged.stateDict["w"]?.floats() }
    #expect(error?.source.hasSuffix("/__0_0.distcp") == true)
    #expect(error?.label == "w")
  }

  @Test func `may have empty parts, and numbers that are tensors`() throws {
    var set = try DistributedSet.usual()
    try set.change { _, _, chunks in
      chunks.append(
        .init(offsets: [4, 0], sizes: [0, 2], file: "__2_0.distcp", bytes: try savedTensor([], [0, 2])))
    }
    let step = DistributedSet.Chunk(
      offsets: [], sizes: [], file: "__0_0.distcp", bytes: try savedTensor([5], []))
    set.entries.append(("step", .tensor(size: [], dtype: "float32", chunks: [step])))
    let checkpoint = try open(set)
    #expect(try checkpoint.stateDict["w"]?.floats() == Self.numbers)
    #expect(try checkpoint.stateDict["step"]?.floats() == [5])
    #expect(checkpoint.stateDict["step"]?.shape == [])
  }

  @Test func `of ranks that describe themselves is put together, and copies are compared`() throws {
    let whole = try DistributedSet.usual()
    guard case .tensor(let size, let dtype, let chunks) = whole.entries[0].entry else { return }
    for rank in 0..<2 {
      let copy = DistributedSet.Chunk(
        offsets: [0], sizes: [1], file: "__\(rank)_0.distcp", bytes: try savedTensor([rank == 0 ? 1 : 2], [1])
      )
      try DistributedSet(entries: [
        ("w", .tensor(size: size, dtype: dtype, chunks: [chunks[rank]])),
        ("copy", .tensor(size: [1], dtype: dtype, chunks: [copy])),
      ]).write(to: folder, metadata: "__\(rank).metadata")
    }
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(try checkpoint.stateDict["w"]?.floats() == Self.numbers)
    let error = #expect(throws: Failure.self) { _ = try checkpoint.stateDict["copy"]?.floats() }
    #expect(error?.reason.contains("__0_0.distcp and in __1_0.distcp, and they differ") == true)
  }

  @Test func `tells of classes it does not know, of files nobody names, and that Megatron saved it`() throws {
    var set = try DistributedSet.usual()
    set.entries.append(("thing", .stranger))
    set.attributes = [("all_local_plans", { $0.list([{ $0.object("somebody.else", "Plan", []) }]) })]
    try folder.write("__9_0.distcp", [1])
    try folder.write("metadata.json", Array("{}".utf8))
    let checkpoint = try open(set)
    #expect(checkpoint.container == .megatronDistributed)
    #expect(checkpoint.warnings.contains { $0.contains("thing is a Thing") })
    #expect(checkpoint.warnings.contains { $0.contains("nothing refers to __9_0.distcp") })
    #expect(checkpoint.warnings.contains { $0.contains("Megatron") })
    #expect(checkpoint.globals.contains { $0.name == "somebody.else.Plan" })
  }

  // MARK: What is refused

  @Test func `with a file missing is refused, and the file is named`() throws {
    try DistributedSet.usual().write(to: folder)
    removeFile(folder.path + "/__1_0.distcp")
    #expect(refusal().contains("__1_0.distcp is missing, and with it w"))
  }

  @Test func `with a file cut short is refused, and the file is named`() throws {
    try DistributedSet.usual().write(to: folder)
    let bytes = try FileSource(folder.path + "/__1_0.distcp").bytes(0..<500)
    try folder.write("__1_0.distcp", bytes)
    #expect(refusal().contains("__1_0.distcp: w should be"))
  }

  @Test func `whose metadata are cut short is refused`() throws {
    try DistributedSet.usual().write(to: folder)
    try folder.write(".metadata", try FileSource(folder.path + "/.metadata").bytes(0..<100))
    #expect(refusal().contains("/.metadata"))
  }

  @Test func `whose save did not finish is refused`() throws {
    try DistributedSet.usual().write(to: folder, metadata: ".metadata.tmp")
    #expect(refusal().contains("without its .metadata"))
  }

  @Test func `with a part that is nowhere is refused, and the part is said`() throws {
    var set = try DistributedSet.usual()
    set.change { _, _, chunks in chunks.removeLast() }
    #expect(try refusal(set).contains("w: no file has its part [2..<4, 0..<2]"))
  }

  @Test func `with a part that no file is said to have is refused`() throws {
    var set = try DistributedSet.usual()
    set.change { _, _, chunks in chunks[1].isStored = false }
    #expect(try refusal(set).contains("in which file the part [2..<4, 0..<2] of w lies"))
  }

  @Test func `with parts that overlap is refused`() throws {
    var set = try DistributedSet.usual()
    set.change { _, _, chunks in
      var other = chunks[0]
      other.offsets = [1, 0]
      chunks.append(other)
    }
    #expect(try refusal(set).contains("w: its part [0..<2, 0..<2] in __0_0.distcp overlaps [1..<3, 0..<2]"))
  }

  @Test func `with a part out of bounds is refused`() throws {
    var set = try DistributedSet.usual()
    set.change { size, _, _ in size = [3, 2] }
    #expect(try refusal(set).contains("does not lie within its shape [3, 2]"))
  }

  @Test func `with a part of fewer dimensions is refused`() throws {
    var set = try DistributedSet.usual()
    set.change { _, _, chunks in chunks[0].sizes = [2] }
    #expect(try refusal(set).contains("does not lie within its shape [4, 2]"))
  }

  @Test func `of a size that cannot be counted is refused before anything is opened`() throws {
    var set = try DistributedSet.usual()
    set.change { size, _, _ in size = [1 << 40, 1 << 40] }
    #expect(try refusal(set).contains("overflows 64 bits"))
  }

  @Test(arguments: [(Int.max - 7, 100), (-1, 100), (0, -1), (0, Int.max)])
  func `with an item beyond its file is refused`(place: (Int, Int)) throws {
    var set = try DistributedSet.usual()
    set.change { _, _, chunks in chunks[1].place = place }
    #expect(try refusal(set).contains("__1_0.distcp: w should be the \(place.1) bytes"))
  }

  @Test(arguments: [(1, 0), (0, -40)]) func `with an item that lies elsewhere is refused`(shift: (Int, Int))
    throws
  {
    var set = try DistributedSet.usual()
    set.change { _, _, chunks in
      chunks[1].place = (shift.0, chunks[1].bytes.count - shift.0 + shift.1)
    }
    #expect(try refusal(set).contains("__1_0.distcp: w at byte"))
  }

  @Test func `whose item is of another shape or dtype is refused`() throws {
    var set = try DistributedSet.usual()
    try set.change { _, _, chunks in chunks[1].bytes = try savedTensor([4, 5, 6, 7, 8, 9], [2, 3]) }
    #expect(try refusal(set).contains("is float32 [2, 3] here; .metadata says float32 [2, 2]"))
    set = try .usual()
    set.change { _, dtype, _ in dtype = "float64" }
    #expect(try refusal(set).contains(".metadata says float64 [2, 2]"))
    set.change { _, dtype, _ in dtype = "float4096" }
    #expect(try refusal(set).contains("torch.float4096, which is not supported"))
  }

  @Test(arguments: ["../outside.distcp", "/etc/hostname", "../a/b"])
  func `that names a file outside of the folder is refused`(name: String) throws {
    var set = try DistributedSet.usual()
    set.change { _, _, chunks in chunks[1].file = name }
    #expect(try refusal(set).contains("which is no file of this folder"))
  }

  @Test func `that puts two names in one place is refused`() throws {
    var set = try DistributedSet.usual()
    set.paths = ["w": [{ $0.string("a") }], "epoch": [{ $0.string("a") }]]
    #expect(try refusal(set).contains("both epoch and w at a"))
  }

  @Test func `whose items were put through something is refused, and that is named`() throws {
    var set = try DistributedSet.usual()
    set.change { _, _, chunks in chunks[1].transforms = ["stream.zstd/1"] }
    #expect(try refusal(set).contains("stream.zstd/1"))
  }

  @Test func `that calls something harmful is refused, in its metadata or in a value`() throws {
    var set = try DistributedSet.usual()
    set.attributes = [("planner", { $0.call("posix", "system", { $0.string("true") }) })]
    #expect(try refusal(set, .unsafe).contains("posix.system"))
    set = try .usual()
    let bytes = try TorchFile { $0.call("posix", "system", { $0.string("true") }) }.bytes
    set.entries[1].entry = .value(file: "__0_0.distcp", bytes: bytes)
    #expect(try refusal(set, .unsafe).contains("__0_0.distcp: epoch at byte"))
    var limits = ReadLimits()
    limits.salvages = true
    let checkpoint = try Checkpoint.open(folder.path, limits: limits)
    #expect(try checkpoint.stateDict["w"]?.floats() == Self.numbers)
    #expect(checkpoint.warnings.contains { $0.contains("posix.system") })
  }

  @Test func `that is some other pickle is refused`() throws {
    var pickler = Pickler()
    pickler.emptyDict()
    try folder.write(".metadata", pickler.finish())
    #expect(refusal().contains("state_dict_metadata"))
  }
}
