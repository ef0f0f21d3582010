import SutureBytes
import SutureJSON
import SutureText
import TestSupport
import Testing

/// `check --format sarif` and `--format cyclonedx`; `Tests/Interop/test_documents.py` holds them to the official schemas.
@Suite("Documents about several files")
struct DocumentTests {
  private static let corpus = projectFolder + "/Fixtures/Corpus/"

  private func runs(_ words: [String], code: Int32) throws -> JSONValue {
    let said = try suture(["check", "--format", "sarif"] + words)
    #expect(said.code == code, "\(said.messages)")
    let document = try JSONParser.parse(Array(said.output.utf8))
    #expect(document["version"] == "2.1.0")
    return try #require(document["runs"]?.arrayValue?.first)
  }

  private func region(_ result: JSONValue) -> (offset: Int, count: Int?)? {
    let region = result["locations"]?.arrayValue?.first?["physicalLocation"]?["region"]
    return region?["byteOffset"]?.integerValue.map { ($0, region?["byteLength"]?.integerValue) }
  }

  @Test func `have a rule for every kind of finding`() throws {
    let run = try runs([Self.corpus + "001_zip_default.pth"], code: 0)
    let rules = try #require(run["tool"]?["driver"]?["rules"]?.arrayValue)
    #expect(rules.compactMap { $0["id"]?.stringValue } == FindingKind.allCases.map(\.rawValue))
    for key in ["shortDescription", "fullDescription", "help"] {
      #expect(rules.allSatisfy { $0[key]?["text"]?.stringValue?.isEmpty == false })
    }
    #expect(run["results"]?.arrayValue?.isEmpty == true)
    #expect(run["tool"]?["driver"]?["semanticVersion"]?.stringValue?.isEmpty == false)
  }

  /// What stands in the file at the place that a finding names.
  private enum Bytes {
    case opcode(Character), float32(isNaN: Bool), count(Int), none
  }

  @Test(
    arguments: [
      ("280_evil_posix.pth", "harmful-call", "error", Bytes.opcode("R")),
      ("286_evil_obj.pth", "harmful-call", "error", .opcode("o")),
      ("410_legacy_evil_system_info.pth", "harmful-call", "error", .opcode("R")),
      ("302_unknown_callable_tensor.pth", "unknown-call", "error", .opcode("\u{80}")),
      ("301_unknown_class_inert.pth", "unknown-name", "note", .opcode("c")),
      ("022_zip_bitflip_storage.pth", "checksum", "error", .count(48)),
      ("023_zip_bad_crc_pkl.pth", "checksum", "error", .opcode("\u{80}")),
      ("187_oob_offset.pth", "bounds", "error", .opcode("R")),
      ("317_st_overlap.safetensors", "bounds", "error", .none),
      ("025_zip_dup_pkl.pth", "ambiguous", "error", .none),
      ("053_zip_bomb_pkl.pth", "limit", "error", .none), ("167_deep_list.pth", "limit", "error", .none),
      ("055_zip_truncated_half.pth", "unreadable", "error", .none),
      ("407_nan.pth", "nan", "error", .float32(isNaN: true)), ("407_nan.pth", "infinity", "note", .none),
      ("017_zip_trailing_junk.pth", "remark", "note", .none),
    ] as [(String, String, String, Bytes)])
  private func `say what is wrong, and where its bytes are`(
    name: String, rule: String, level: String, bytes: Bytes
  ) throws {
    let run = try runs([Self.corpus + name], code: level == "error" || name.contains("nan") ? 1 : 0)
    let results = try #require(run["results"]?.arrayValue)
    let result = try #require(results.first { $0["ruleId"]?.stringValue == rule }, "\(results)")
    #expect(result["level"]?.stringValue == level)
    let artifact = result["locations"]?.arrayValue?.first?["physicalLocation"]?["artifactLocation"]
    #expect(artifact?["uri"]?.stringValue == "Fixtures/Corpus/" + name)
    let index = try #require(result["ruleIndex"]?.integerValue)
    #expect(FindingKind.allCases[index].rawValue == rule)
    let file = try contents(of: Self.corpus + name)
    switch bytes {
    case .none: break
    case .opcode(let character):
      let offset = try #require(region(result)?.offset)
      #expect(file[offset] == UInt8(character.unicodeScalars.first?.value ?? 0))
    case .float32(let isNaN):
      let (offset, count) = try #require(region(result))
      #expect(count == 4)
      let bits = file[offset..<(offset + 4)].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      #expect(Float(bitPattern: bits).isNaN == isNaN)
    case .count(let count): #expect(region(result)?.count == count)
    }
  }

  @Test func `end with the code that the report for people ends with`() throws {
    let words = [
      ["001_zip_default.pth"], ["407_nan.pth"], ["407_nan.pth", "--allow-nan"], ["271_yolov5_style.pt"],
      ["271_yolov5_style.pt", "--strict"], ["280_evil_posix.pth"], ["280_evil_posix.pth", "--salvage"],
      ["nothing.pth"], ["001_zip_default.pth", "nothing.pth"], ["280_evil_posix.pth", "nothing.pth"],
      ["001_zip_default.pth", "--into", "nothing.pth"],
      ["001_zip_default.pth", "--into", "130_root_none.pth"],
    ].map { $0.map { $0.hasPrefix("--") ? $0 : Self.corpus + $0 } }
    for words in words {
      let code = try suture(["check"] + words).code
      for format in ["json", "sarif", "cyclonedx"] {
        #expect(try suture(["check", "--format", format] + words).code == code, "\(format) \(words)")
      }
    }
  }

  @Test func `name what strictness refuses as errors, and what allowed NaN is as a note`() throws {
    func levels(_ words: String...) throws -> [String] {
      let said = try suture(["check", "--format", "sarif"] + words)
      let run = try JSONParser.parse(Array(said.output.utf8))["runs"]?.arrayValue?.first
      return (run?["results"]?.arrayValue ?? []).compactMap { $0["level"]?.stringValue }
    }
    #expect(try Set(levels(Self.corpus + "271_yolov5_style.pt")) == ["note"])
    #expect(try Set(levels(Self.corpus + "271_yolov5_style.pt", "--strict")) == ["error"])
    #expect(try Set(levels(Self.corpus + "407_nan.pth", "--allow-nan")) == ["note"])
  }

  @Test func `tell a file that cannot be had, and the others all the same`() throws {
    let run = try runs([Self.corpus + "nothing.pth", Self.corpus + "280_evil_posix.pth"], code: 3)
    #expect(run["results"]?.arrayValue?.count == 1)
    let invocation = run["invocations"]?.arrayValue?.first
    #expect(invocation?["executionSuccessful"] == false)
    #expect(invocation?["toolExecutionNotifications"]?.arrayValue?.count == 1)
  }

  @Test func `say that a model would not load it`() throws {
    let run = try runs(
      [Self.corpus + "001_zip_default.pth", "--into", Self.corpus + "271_yolov5_style.pt"], code: 1)
    #expect(run["results"]?.arrayValue?.first?["ruleId"] == "does-not-load")
  }

  @Test func `tell nothing of this machine unless they are asked to`() throws {
    let folder = try TemporaryFolder()
    for name in ["one.pth", "two.pth"] {
      try write(contents(of: Self.corpus + "022_zip_bitflip_storage.pth"), to: folder.path + "/" + name)
    }
    let files = [folder.path + "/one.pth", folder.path + "/two.pth", Self.corpus + "344_st_sharded"]
    for format in ["sarif", "cyclonedx"] {
      let words = ["check", "--format", format] + files
      let relative = try suture(words).output
      #expect(!relative.contains(folder.path) && !relative.contains(projectFolder), "\(relative)")
      #expect(relative.contains("\"one.pth\"") && relative.contains("\"Fixtures/Corpus/344_st_sharded\""))
      #expect(try suture(words).output == relative, "the same files make the same document")
      #expect(try suture(words + ["--absolute-paths"]).output.contains(folder.path + "/one.pth"))
    }
  }

  @Test func `call files of one name in two folders by what tells them apart`() throws {
    let (one, other) = (try TemporaryFolder(), try TemporaryFolder())
    for folder in [one, other] {
      try write(contents(of: Self.corpus + "001_zip_default.pth"), to: folder.path + "/model.pth")
    }
    let said = try suture("check", "--format", "sarif", one.path + "/model.pth", other.path + "/model.pth")
      .output
    for folder in [one, other] {
      let name = folder.path.split(separator: "/").last ?? ""
      #expect(said.contains("\"\(name)/model.pth\""), "\(said)")
    }
  }

  @Test func `keep a finding's fingerprint wherever its bytes come to lie`() throws {
    func fingerprint(_ padding: Int) throws -> String? {
      let (folder, path) = (try TemporaryFolder(), "/evil.pkl")
      let names = String(repeating: "x", count: padding)
      try write(
        Array("(dS'\(names)'\nI1\nsS'a'\ncposix\nsystem\n(S'true'\ntRs.".utf8), to: folder.path + path)
      let run = try runs([folder.path + path], code: 1)
      let result = run["results"]?.arrayValue?.first
      #expect(result?["ruleId"] == "harmful-call")
      return result?["partialFingerprints"]?["finding/v1"]?.stringValue
    }
    let first = try fingerprint(1)
    #expect(first?.count == 64)
    #expect(try fingerprint(40) == first)
  }

  @Test func `make no links and no arguments of what a file holds`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/evil.pkl"
    try write(Array("cposix\nx](http://evil){0}\n.".utf8), to: path)
    let said = try suture("check", "--format", "sarif", path).output
    #expect(said.contains("x] (http://evil){{0}}"), "\(said)")
    let message = said.split(separator: "\n").first { $0.contains("the pickle names") }
    #expect(message?.contains("](http") == false)
  }

  @Test func `list each file with its hash and its contents`() throws {
    let path = Self.corpus + "001_zip_default.pth"
    let said = try suture("check", "--format", "cyclonedx", path, path)
    #expect(said.code == 0)
    let document = try JSONParser.parse(Array(said.output.utf8))
    #expect(document["specVersion"] == "1.6")
    let components = try #require(document["components"]?.arrayValue)
    #expect(components[0]["type"] == "machine-learning-model")
    #expect(components[0]["bom-ref"] != components[1]["bom-ref"])
    let hash = components[0]["hashes"]?.arrayValue?.first
    #expect(try hash?["content"]?.stringValue == SHA256.of(FileSource(path)))
    func value(_ name: String) -> String? {
      components[0]["properties"]?.arrayValue?.first { $0["name"]?.stringValue == "suture:" + name }?[
        "value"]?
        .stringValue
    }
    #expect(value("format") == "pytorch-zip" && value("tensors") == "2" && value("parameters") == "15")
    #expect(value("dtype:float32") == "12" && value("passed") == "true" && value("weights_only") == "loads")
  }

  @Test func `call standard input so, and hash it`() throws {
    let path = Self.corpus + "001_zip_default.pth"
    let said = try suture(["check", "-", "--format", "cyclonedx"], input: path)
    #expect(try said.code == 0 && said.output.contains(SHA256.of(FileSource(path))))
    #expect(said.output.contains("\"name\": \"standard input\""))
    #expect(
      try suture(["check", "-", "--format", "sarif"], input: path).output.contains("standard%20input"))
  }

  @Test(
    arguments: [
      (["--format", "serif"], "did you mean sarif?"),
      (["--json", "--format", "sarif"], "--json is --format json"),
      (["--absolute-paths"], "goes with --format sarif"),
    ]) func `refuse what contradicts itself`(words: [String], reason: String) throws
  {
    let said = try suture(["check", Self.corpus + "001_zip_default.pth"] + words)
    #expect(said.code == 2)
    #expect(said.messages.contains(reason), "\(said.messages)")
  }

  @Test func `are not what --format json prints`() throws {
    let path = Self.corpus + "001_zip_default.pth"
    #expect(
      try suture("check", path, "--format", "json").output == suture("check", path, "--json").output)
    #expect(try suture("check", path, "--format", "text").code == 0)
    let missing = try suture("check", path + "x", "--format=json")
    #expect(missing.output.contains("suture.error/1") && missing.code == 3)
  }
}
