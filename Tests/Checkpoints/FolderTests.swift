import SutureBytes
import SuturePickle
import SutureTensors
import SutureText
import TestSupport
import Testing

@testable import SutureCheckpoints

/// What lies in folders: shards and their index, one model among other files, the Hugging Face cache, unpacked archives.
@Suite struct `A folder` {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func open(_ name: String = "", limits: ReadLimits = .init()) throws -> Checkpoint {
    try .open(name.isEmpty ? folder.path : "\(folder.path)/\(name)", limits: limits)
  }

  /// Writes a safetensors file with a tensor of each name.
  private func save(_ file: String, _ names: String...) throws {
    try folder.write(file, [])
    let tensors = try names.map { StateDict.Entry(name: $0, tensor: try Tensor(floats: [1, 2], shape: [2])) }
    var options = WriteOptions(.safetensors)
    options.replaces = true
    try CheckpointWriter.write(try StateDict(tensors), to: "\(folder.path)/\(file)", options)
  }

  private func index(_ file: String, _ map: [(String, String)], before: [UInt8] = []) throws {
    let members = map.map { "\"\($0.0)\": \"\($0.1)\"" }.joined(separator: ", ")
    try folder.write(file, before + Array("{\"metadata\": {}, \"weight_map\": {\(members)}}".utf8))
  }

  private func refusal(_ name: String = "") -> String {
    let error = #expect(throws: (any Error).self) { _ = try open(name) } as? any SutureError
    #expect(error?.kind == .unreadable)
    return "\(error?.reason ?? "") \(error?.remedies.map { "\($0)" }.joined(separator: " ") ?? "")"
  }

  // MARK: Shards

  @Test(arguments: [
    "model.safetensors.index.json", "diffusion_pytorch_model.safetensors.index.fp16.json",
    "pytorch_model.bin.index.fp16.json", "model.fp16.safetensors.index.json",
  ]) func `is read by its index, whatever variant that names`(name: String) throws {
    try save("1.safetensors", "a")
    try save("2.safetensors", "b")
    try index(name, [("a", "1.safetensors"), ("b", "2.safetensors")])
    for path in ["", name] { #expect(try open(path).stateDict.names == ["a", "b"]) }
  }

  @Test func `with several indices is refused, each named by its path`() throws {
    try save("1.safetensors", "a")
    for name in ["model.safetensors.index.json", "model.safetensors.index.fp16.json"] {
      try index(name, [("a", "1.safetensors")])
    }
    let said = refusal()
    #expect(said.contains("\(folder.path)/model.safetensors.index.json"))
    #expect(said.contains("\(folder.path)/model.safetensors.index.fp16.json"))
  }

  @Test func `may have shards in folders of its own, and an index that begins with a byte order mark`() throws
  {
    try save("shards/été/1.safetensors", "a")
    try save("2.safetensors", "b")
    try index(
      "model.safetensors.index.json", [("a", "shards/été/1.safetensors"), ("b", "2.safetensors")],
      before: [0xEF, 0xBB, 0xBF])
    #expect(try open().stateDict.names == ["a", "b"])
  }

  @Test func `tells shards apart byte for byte`() throws {
    let (composed, decomposed) = ("\u{E9}.safetensors", "e\u{301}.safetensors")
    try save(composed, "a")
    try save(decomposed, "b")
    try index("model.safetensors.index.json", [("a", composed), ("b", decomposed)])
    #expect(try open().stateDict.names == ["a", "b"])
  }

  @Test(arguments: [
    "../out.safetensors", "/out.safetensors", "a/../../out.safetensors", "./1.safetensors", "a//b", "",
  ])
  func `is left by no name of an index`(name: String) throws {
    try save("inner/1.safetensors", "a")
    try save("out.safetensors", "a")
    try index("inner/model.safetensors.index.json", [("a", name)])
    #expect(refusal("inner").contains("no file of this folder"))
  }

  @Test func `is left by no link to a folder, while a shard may itself be a link`() throws {
    try save("outside/1.safetensors", "a")
    try folder.link("inner/sub", to: "../outside")
    try index("inner/model.safetensors.index.json", [("a", "sub/1.safetensors")])
    #expect(refusal("inner").contains("leads out of the folder"))
    try folder.link("linked/1.safetensors", to: "../outside/1.safetensors")
    try index("linked/model.safetensors.index.json", [("a", "1.safetensors")])
    #expect(try open("linked").stateDict.names == ["a"])
  }

  @Test func `tells of a tensor that a shard holds and the index has in another`() throws {
    try save("1.safetensors", "a", "b", "c")
    try save("2.safetensors", "b")
    try index("model.safetensors.index.json", [("a", "1.safetensors"), ("b", "2.safetensors")])
    let checkpoint = try open()
    #expect(checkpoint.stateDict.names == ["a", "b"])
    #expect(
      checkpoint.warnings == [
        "1.safetensors holds 1 tensor that the index does not list, \"c\" for one: left out",
        "1.safetensors holds 1 tensor of another file by the index, \"b\" for one: left out here",
      ])
  }

  @Test func `tells what else lies beside its shards`() throws {
    try save("1.safetensors", "a")
    try save("consolidated.safetensors", "a")
    try index("model.safetensors.index.json", [("a", "1.safetensors")])
    #expect(try open().warnings == ["in the same folder, and not read: consolidated.safetensors"])
  }

  @Test(arguments: [
    ("model.safetensors.index.json", "model.safetensors"),
    ("model.safetensors.index.fp16.json", "model.fp16.safetensors"),
    ("model.fp16.safetensors.index.json", "model.fp16.safetensors"),
    ("pytorch_model.bin.index.json", "pytorch_model.bin"), ("index.json", "index.json"),
    ("a.b.json", "a.b.json"),
    ("model.index.of.all.json", "model.index.of.all.json"), ("model.safetensors", "model.safetensors"),
  ])
  func `is called, without its index, what the model is called`(index: String, model: String) {
    #expect(Checkpoint.nameWithoutIndex(index) == model)
  }

  // MARK: One model

  @Test func `with one checkpoint in it is that checkpoint`() throws {
    try save("model.safetensors", "a")
    try folder.write("config.json", Array("{}".utf8))
    try folder.write("notes.bin/README", [])
    let checkpoint = try open()
    #expect(checkpoint.path == "\(folder.path)/model.safetensors" && checkpoint.warnings.isEmpty)
    #expect(checkpoint.stateDict.names == ["a"])
  }

  @Test func `of a training run is its model, and what is not read is told`() throws {
    try save("model.safetensors", "a")
    for name in [
      "optimizer.pt", "rng_state_0.pth", "scheduler.pt", "training_args.bin", "random_states_0.pkl",
    ] {
      try folder.write(name, [0])
    }
    let checkpoint = try open()
    #expect(checkpoint.stateDict.names == ["a"])
    #expect(
      checkpoint.warnings == [
        "in the same folder, and not read: optimizer.pt, random_states_0.pkl and 3 more"
      ])
  }

  @Test(arguments: [
    ("model.safetensors", "pytorch_model.bin"), ("adapter_model.safetensors", "adapter_model.bin"),
  ]) func `with a model in both formats is the one that the libraries load`(safe: String, pickled: String)
    throws
  {
    try save(safe, "a")
    try folder.write(pickled, [0])
    let checkpoint = try open()
    #expect(checkpoint.stateDict.names == ["a"])
    #expect(checkpoint.warnings == ["in the same folder, and not read: \(pickled)"])
    try save("other.safetensors", "a")
    #expect(refusal().contains("\(folder.path)/\(pickled)"))
  }

  @Test func `with several models is refused, each named by its path`() throws {
    try save("model.safetensors", "a")
    try save("model.fp16.safetensors", "a")
    let said = refusal()
    for name in ["model.safetensors", "model.fp16.safetensors"] {
      #expect(said.contains("\(folder.path)/\(name)"))
    }
  }

  @Test func `without a checkpoint names the folders in it`() throws {
    try save("unet/model.safetensors", "a")
    try save("vae/model.safetensors", "a")
    let said = refusal()
    for name in ["unet", "vae"] { #expect(said.contains("\(folder.path)/\(name)")) }
  }

  // MARK: The Hugging Face cache

  private func snapshot(_ revision: String, _ tensor: String) throws {
    try save("blobs/\(revision)", tensor)
    try folder.link("snapshots/\(revision)/model.safetensors", to: "../../blobs/\(revision)")
  }

  @Test func `of the Hugging Face cache is its only snapshot`() throws {
    try snapshot("abc", "a")
    let checkpoint = try open()
    #expect(checkpoint.path == "\(folder.path)/snapshots/abc/model.safetensors")
    #expect(checkpoint.stateDict.names == ["a"])
  }

  @Test func `of the Hugging Face cache with several snapshots is that of main, and it is told`() throws {
    try snapshot("abc", "a")
    try snapshot("def", "b")
    let said = refusal()
    for revision in ["abc", "def"] { #expect(said.contains("\(folder.path)/snapshots/\(revision)")) }
    try folder.write("refs/main", Array("def\n".utf8))
    let checkpoint = try open()
    #expect(checkpoint.stateDict.names == ["b"])
    #expect(checkpoint.warnings == ["the cache holds 2 snapshots of this model; it is that of main, def"])
    try folder.write("refs/main", Array("../..".utf8))
    #expect(refusal().contains("none is that of main"))
  }

  // MARK: Unpacked archives

  private func unpack(into name: String, order: String? = nil, _ bytes: [UInt8]) throws {
    var pickler = Pickler()
    pickler.dict([("w", { $0.tensor() })])
    try folder.write("\(name)/data.pkl", pickler.finish())
    try folder.write("\(name)/data/0", bytes)
    if let order { try folder.write("\(name)/byteorder", Array(order.utf8)) }
  }

  @Test func `may be an archive of torch that was unpacked, or hold one`() throws {
    let bytes = (0..<16).map { UInt8($0) }
    try unpack(into: "x/archive", order: "little", bytes)
    try unpack(into: "big", order: "big", bytes.indices.map { bytes[$0 / 4 * 4 + 3 - $0 % 4] })
    let wanted = try open("x").stateDict.entries[0].tensor.sha256()
    for name in ["x", "x/archive", "big"] {
      let checkpoint = try open(name)
      #expect(checkpoint.container == .unpacked && checkpoint.stateDict.names == ["w"])
      #expect(try checkpoint.stateDict.entries[0].tensor.sha256() == wanted)
    }
    try folder.write("big/byteorder", Array("middle".utf8))
    #expect(refusal("big").contains("byte order"))
  }

  @Test func `that was unpacked is read from its own files alone, as long as they must be`() throws {
    try unpack(into: "short", [1, 2, 3])
    #expect(refusal("short").contains("should hold 16 bytes"))
    try unpack(into: "linked", [UInt8](repeating: 0, count: 16))
    try folder.write("secret", [UInt8](repeating: 1, count: 16))
    unlinkFile("linked/data/0")
    #expect(refusal("linked").contains("is missing"))
    try folder.link("linked/data/0", to: "../../secret")
    #expect(refusal("linked").contains("leads out of the folder"))
  }

  private func unlinkFile(_ name: String) { removeFile("\(folder.path)/\(name)") }

  @Test(arguments: ["../secret", "a/b", "", "."]) func `that was unpacked has no storage called`(key: String)
    throws
  {
    var pickler = Pickler()
    pickler.dict([("w", { $0.tensor(key: key) })])
    try folder.write("x/data.pkl", pickler.finish())
    try folder.write("x/secret", [UInt8](repeating: 1, count: 16))
    try folder.write("x/data/a/b", [UInt8](repeating: 1, count: 16))
    #expect(throws: (any Error).self) { try open("x") }
  }
}
