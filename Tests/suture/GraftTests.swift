import SutureBytes
import TestSupport
import Testing

@Suite struct `The graft command` {
  private static let atto = `The edit command`.atto

  /// A base of 128 keys whose head is another, and a part of its norms.
  private func files(_ folder: TemporaryFolder) throws -> (base: String, part: String, out: String) {
    let (base, part) = (folder.path + "/base.pth", folder.path + "/part.safetensors")
    #expect(try suture("edit", Self.atto, "-o", base, "--fill", "*=0").code == 0)
    #expect(
      try suture("edit", Self.atto, "-o", part, "--keep", "{norm,head}.*", "--dtype", "float16").code == 0)
    return (base, part, folder.path + "/out.pth")
  }

  @Test func `says what comes from where, and writes it`() throws {
    let folder = try TemporaryFolder()
    let (base, part, out) = try files(folder)
    let said = try suture("graft", base, "--from", part, "-o", out, "--expect", "4")
    #expect(said.code == 0, "\(said.messages)")
    #expect(
      said.messages.contains("graft  of 128 keys 4 come from the part, 124 stay as they are in the base"))
    #expect(said.messages.contains("from the part: {norm,head}.{weight,bias}  (4)"))
    #expect(said.messages.contains("cast float16 to float32: 4 keys"))
    let plan = try suture("graft", base, "--from", part, "-o", out, "-n", "--json", "--force")
    #expect(plan.code == 0 && plan.output.contains("\"schema\": \"suture.graft/1\""))
    #expect(
      plan.output.contains("\"replaced\": [\"norm.weight\", \"norm.bias\", \"head.weight\", \"head.bias\"]"))
    let zero = try suture("inspect", out, "--stats", "--json", "head.bias").output
    #expect(zero.contains("head.bias"))
  }

  @Test func `refuses what does not fit and writes nothing`() throws {
    let folder = try TemporaryFolder()
    let (base, part, out) = try files(folder)
    let cut = folder.path + "/cut.pth"
    #expect(try suture("edit", Self.atto, "-o", cut, "--keep", "head*", "--slice", "head.*=0:5").code == 0)
    let more = folder.path + "/more.pth"
    #expect(try suture("edit", Self.atto, "-o", more, "--keep", "head*", "--replicate", "{x.,}").code == 0)
    let prefixed = folder.path + "/prefixed.pth"
    #expect(try suture("edit", Self.atto, "-o", prefixed, "--add-prefix", "module.").code == 0)
    let names = folder.names
    let cases: [([String], Int32, String)] = [
      ([base, "--from", cut], 6, "head.weight: [5, 320] in the part, [10, 320] in the base"),
      ([base, "--from", more], 5, "the base does not have 2 of the part's 4 keys"),
      ([base, "--from", prefixed], 5, "--strip-prefix module. "),
      ([base, "--from", part, "--expect", "5"], 5, "4 keys come from the part, 5 were expected"),
      ([base, "--from", part, "--allow-missing", "stages*"], 5, "does not have 16 keys of the base"),
      ([base, "--from", part, "--exclude", "Norm*"], 5, "did you mean \"norm*\"?"),
      ([base, "--from", part, "--exclude", "{norm"], 2, "is never closed"),
      ([base], 2, "--from PART"), ([base, "--from", folder.path + "/none.pth"], 3, "none.pth"),
      ([base, "--from", more, "--unexpected", "dorp"], 2, "did you mean drop?"),
    ]
    for (words, code, reason) in cases {
      let said = try suture(["graft"] + words + ["-o", out])
      #expect(said.code == code && said.messages.contains(reason), "\(said.messages)")
    }
    for input in [base, part] {
      #expect(try suture("graft", base, "--from", part, "-o", input, "--force").code == 2)
    }
    #expect(folder.names == names)
    #expect(try suture("graft", base, "--from", more, "-o", out, "--unexpected", "drop").code == 0)
    #expect(try suture("inspect", out, "x.*").code == 1)
  }

  @Test func `merges files of different keys where that is said`() throws {
    let folder = try TemporaryFolder()
    let (one, two, out) = (folder.path + "/1.pth", folder.path + "/2.pth", folder.path + "/out.pth")
    #expect(try suture("edit", Self.atto, "-o", one, "--drop", "head*").code == 0)
    #expect(try suture("edit", Self.atto, "-o", two, "--keep", "head*").code == 0)
    let refused = try suture("graft", one, "--from", two, "-o", out)
    #expect(refused.code == 5 && refused.messages.contains("--unexpected add"), "\(refused.messages)")
    let said = try suture("graft", one, "--from", two, "-o", out, "--unexpected", "add")
    #expect(said.code == 0, "\(said.messages)")
    #expect(try suture("inspect", out).output.contains("128 tensors"))
    #expect(try suture("why", out, "head.bias").output.contains("it is head.bias of 2.pth"))
    #expect(try suture("why", out, "norm.bias").output.contains("its name was norm.bias"))
  }

  @Test func `takes a module that was pickled whole as its base`() throws {
    let folder = try TemporaryFolder()
    let base = `The edit command`.root + "/Fixtures/Corpus/271_yolov5_style.pt"
    let part = folder.path + "/part.safetensors"
    #expect(try suture("edit", base, "-o", part, "--keep", "model.0.bias", "--fill", "*=3").code == 0)
    let out = folder.path + "/out.pth"
    let said = try suture("graft", base, "--from", part, "-o", out)
    #expect(said.code == 0 && said.messages.contains("of 2 keys 1 come from the part"), "\(said.messages)")
    #expect(try suture("inspect", out).output.contains("2 tensors"))
  }
}
