import SutureBytes
import SutureJSON
import SutureSurgery
import SutureTensors
import SutureText
import Testing

@testable import SutureWorkflows

@Suite struct `A request to write` {
  /// Words for each option, as the command gives them.
  private static let words = [
    "output": ["out.pth"], "format": ["pth"], "dtype": ["float16"], "keep-dtype": ["norm*", "head*"],
    "shared": ["alias"], "sparse": ["dense"], "max-shard-size": ["5GB"], "extras": ["drop"], "as": ["yolov5"],
    "metadata": ["a=b=c", "d"], "keep-storages": [""], "no-provenance": [""], "hash": [""], "no-verify": [""],
    "proof": [""], "sync": [""], "force": [""],
  ]

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
}
