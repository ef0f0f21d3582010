import SutureBytes
import SutureCheckpoints
import SutureJSON
import SutureSurgery
import SutureTensors
import SutureText
import TestSupport
import Testing

@testable import SutureWorkflows

@Suite struct `A request to write` {
  /// Words for each option, as the command gives them.
  private static let words = [
    "output": ["out.pth"], "format": ["pth"], "dtype": ["float16"], "keep-dtype": ["norm*", "head*"],
    "shared": ["alias"], "sparse": ["dense"], "max-shard-size": ["5GB"], "extras": ["drop"],
    "as": ["ultralytics"],
    "metadata": ["a=b=c", "d"], "keep-storages": [""], "no-provenance": [""], "hash": [""], "no-verify": [""],
    "proof": [""], "sync": [""], "force": [""],
  ]

  @Test(arguments: ["out/", "out"])
  func `to a folder of several files writes safetensors where nothing is said`(output: String) throws {
    var request = WriteRequest(to: output)
    #expect(throws: Failure.self) { _ = try WriteTarget(request) }
    request.maximumShardSize = 1000
    let target = try WriteTarget(request)
    #expect(target.format == .safetensors)
    #expect(target.destination == .folder(output))
    request.output = "out.xyz"
    #expect(throws: Failure.self) { _ = try WriteTarget(request) }
  }

  @Test func `has options of different names, each tried here`() {
    let names = WriteRequest.options.map(\.name)
    #expect(Set(names).count == names.count)
    #expect(Set(names) == Set(Self.words.keys))
    let short = WriteRequest.options.compactMap(\.short)
    #expect(Set(short).count == short.count)
    #expect(WriteRequest.options.allSatisfy { !$0.help.isEmpty })
  }

  @Test(arguments: words.keys.sorted())
  func `keeps what an option says, in words and in a recipe`(name: String) throws {
    let option = try #require(WriteRequest.options.first { $0.name == name })
    var request = WriteRequest(to: "")
    #expect(option.value(request) == nil)
    for word in Self.words[name] ?? [] { try option.read(&request, word) }
    let value = try #require(option.value(request))
    #expect(option.uses.contains(.recipe) == (request.record[name] == value))
    var other = WriteRequest(to: "")
    try other.fill(from: request.record)
    #expect(other.record.json == request.record.json)
  }

  @Test func `is remembered with the keys of metadata, without their values`() {
    var request = WriteRequest(to: "")
    request.metadata = [("author", "somebody"), ("old", nil)]
    let written = request.written(.provenance)
    #expect(written.map(\.key) == ["metadata"])
    #expect(written.first?.value == ["author": true, "old": .null])
  }

  @Test func `takes from a recipe only what it does not say itself`() throws {
    var request = WriteRequest(to: "out.pth")
    (request.dtype, request.metadata) = (.float16, [("by", "hand")])
    let record: [WriteRecord.Member] = [
      .init("dtype", "bfloat16"), .init("metadata", ["by": "a recipe"]), .init("hash", true),
      .init("keep-dtype", ["norm*", "head*"]), .init("max-shard-size", .integer(1000)),
    ]
    try request.fill(from: WriteRecord(record))
    #expect(request.dtype == .float16 && request.metadata.map(\.value) == ["hand"])
    #expect(request.hashes && request.keptDTypes == ["norm*", "head*"] && request.maximumShardSize == 1000)
  }

  @Test(arguments: [
    ("dtype", "int8", "dtype int8 is not a floating dtype"), ("fromat", "pth", "did you mean \"format\"?"),
    ("shared", "alais", "shared is copy, alias, error, not \"alais\""),
    ("proof", "no", "proof takes true or false"),
    ("output", "x", "unknown key"),
  ])
  func `says where a recipe is wrong`(key: String, word: String, reason: String) {
    let place = FailurePlace(file: "r.yaml", line: 3, column: 5)
    var request = WriteRequest(to: "")
    let error = #expect(throws: Failure.self) {
      try request.fill(from: WriteRecord([.init(key, .string(word), at: place)]))
    }
    #expect(error?.kind == .usage && error?.place == place)
    #expect(error?.reason.contains(reason) == true, "\(error?.reason ?? "")")
  }

  @Test(arguments: [
    ("1", 1), ("17B", 17), ("5GB", 5_000_000_000), ("500MiB", 524_288_000), ("2 kib", 2048),
    ("1TiB", 1 << 40),
  ])
  func `reads sizes as Hugging Face does`(word: String, bytes: Int) throws {
    let option = try #require(WriteRequest.options.first { $0.name == "max-shard-size" })
    var request = WriteRequest(to: "")
    try option.read(&request, word)
    #expect(request.maximumShardSize == bytes)
  }

  // MARK: The digest

  /// A checkpoint with shared and wide tensors, and values beside them.
  private func checkpoint(in folder: TemporaryFolder) throws -> String {
    let wide = try Tensor(floats: (0..<64).map { Float($0) / 7 }, shape: [8, 8])
    let part = try wide.sliced(0..<4, axis: 0)
    let dict = try StateDict([
      .init(name: "a.w", tensor: wide), .init(name: "b.w", tensor: wide), .init(name: "norm.w", tensor: part),
      .init(name: "n", tensor: try Tensor(Storage([1, 2, 3]), dtype: .uint8, shape: [3])),
    ])
    try CheckpointWriter.write(dict, to: folder.path + "/in.pth", WriteOptions(.pytorchZip))
    return folder.path + "/in.pth"
  }

  /// The digest of an edit, and what every file of it holds.
  private func edit(_ input: String, _ words: [(String, String)], to output: String) throws -> (
    digest: String, files: [[UInt8]]
  ) {
    var request = WriteRequest(to: output)
    for (name, word) in words {
      try #require(Self.option(name)).read(&request, word)
    }
    var editing = Editing(of: input, request)
    editing.steps = [AddPrefix("m.")]
    let prepared = try editing.prepare()
    _ = try prepared.output?.write()
    let paths = try #require(prepared.output?.plan.paths)
    return (
      try prepared.digest,
      try paths.map { path in
        let file = try FileSource(path)
        return try file.bytes(0..<file.byteCount)
      }
    )
  }

  private static func option(_ name: String) -> WriteOption? {
    WriteRequest.options.first { $0.name == name }
  }

  /// What each option is tried with: words that go with it, the output's end, and the option's own words.
  private static let tried: [String: [(with: [(String, String)], end: String, word: String)]] = [
    "output": [([], ".pth", ""), ([], ".safetensors", "")],
    "format": [([], ".pth", "pth"), ([], ".safetensors", "safetensors")],
    "dtype": [
      ([], ".pth", "float16"), ([], ".pth", "float32"), ([("no-provenance", "")], ".pth", "float32"),
    ],
    "keep-dtype": [
      ([("dtype", "float16")], ".pth", "m.norm*"),
      ([("dtype", "float16"), ("no-provenance", "")], ".safetensors", "m.n"),
    ],
    "shared": [([], ".safetensors", "alias"), ([], ".safetensors", "copy"), ([], ".pth", "copy")],
    "sparse": [([], ".pth", "dense"), ([("no-provenance", "")], ".pth", "dense")],
    "max-shard-size": [([], ".safetensors", "300B"), ([], ".pth", "100B"), ([], ".pth", "5GB")],
    "extras": [([], ".pth", "keep"), ([], ".pth", "drop"), ([], ".safetensors", "drop")],
    "as": [([], ".pt", "yolov5")],
    "metadata": [([], ".pth", "a=b"), ([], ".safetensors", "a=b"), ([], ".pth", "d")],
    "keep-storages": [
      ([], ".pth", ""), ([("keep-dtype", "m.n"), ("dtype", "float64"), ("no-provenance", "")], ".pth", ""),
    ],
    "no-provenance": [([], ".pth", ""), ([], ".safetensors", "")], "hash": [([], ".pth", "")],
    "no-verify": [([], ".pth", "")], "proof": [([], ".pth", "")], "sync": [([], ".pth", "")],
    "force": [([], ".pth", "")],
  ]

  @Test(arguments: words.keys.sorted())
  func `has another digest with an option exactly where that changes a byte`(name: String) throws {
    let folder = try TemporaryFolder()
    let plain = try checkpoint(in: folder)
    // Beside the weights of this one there are values.
    let input = name == "extras" ? projectFolder + "/Fixtures/Corpus/101_proto3_values.pth" : plain
    for (index, sample) in try #require(Self.tried[name]).enumerated() {
      let plain = try edit(input, sample.with, to: "\(folder.path)/\(name)\(index)\(sample.end)")
      let words = name == "output" ? [] : [(name, sample.word)]
      let folder = try TemporaryFolder()
      let other = try edit(input, sample.with + words, to: "\(folder.path)/\(name)\(index)\(sample.end)")
      #expect((plain.digest == other.digest) == (plain.files == other.files), "\(name) \(sample)")
    }
  }

  @Test func `has one digest for the same steps on files whose numbers differ, and another for another dict`()
    throws
  {
    let folder = try TemporaryFolder()
    func write(_ name: String, _ start: Float) throws -> String {
      let tensor = try Tensor(floats: [start, 2, 3], shape: [3])
      let dict = try StateDict([.init(name: "x.w", tensor: tensor), .init(name: "y.w", tensor: tensor)])
      try CheckpointWriter.write(dict, to: folder.path + "/" + name, WriteOptions(.safetensors))
      return folder.path + "/" + name
    }
    let (one, two) = (try write("1.safetensors", 1), try write("2.safetensors", 5))
    let digests = try [one, two].enumerated().map { index, input in
      try edit(input, [], to: "\(folder.path)/out\(index).pth").digest
    }
    #expect(digests[0] == digests[1])
    var editing = Editing(of: one, WriteRequest(to: folder.path + "/alone.pth"))
    editing.steps = [AddPrefix("m.")]
    let prepared = try editing.prepare()
    editing.digest = try prepared.plan.digest
    let refused = #expect(throws: Failure.self) { try editing.prepare() }
    #expect(refused?.remedies.first?.description.contains("steps alone") == true)
    editing.digest = try prepared.digest
    #expect(try editing.prepare().digest == prepared.digest)
  }
}
