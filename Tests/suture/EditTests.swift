import Glibc
import SutureBytes
import TestSupport
import Testing

/// Surgery as a user meets it: flags, recipes, presets, plans.
@Suite struct `The edit command` {
  static let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
  static let atto = root + "/Fixtures/convnext-atto-cifar10/convnext_atto_cifar10_ema.pth"

  private func edit(_ folder: TemporaryFolder, _ words: String...) throws -> Said {
    try suture(["edit", Self.atto, "-o", folder.path + "/out.pth"] + words)
  }

  @Test(
    arguments: [
      (["--transpose", "head.weight=0,2"], 6, "it has 2 axes, and none is 2"),
      (["--permute", "head.weight=0"], 6, "does not fit head.weight of shape [10, 320]"),
      (["--reshape", "head.weight=7,-1"], 6, "are no multiple of 7"),
      (["--slice", "head.weight=0:11"], 6, "axis 0 has 10 elements"),
      (["--concat", "head.{weight,bias}=head"], 6, "they may differ along axis 0 only"),
      (["--stack", "{head,norm}.bias=b"], 6, "does not fit norm.bias"),
      (["--split", "head.bias={a,b,c}"], 6, "cannot be cut into 3 equal pieces"),
      (["--tie", "head.bias=norm.bias"], 6, "norm.bias has [320], float32"),
      (["--tie", "head.bias=Norm.bias"], 5, "found no key \"Norm.bias\""),
      (["--adapt-input", "head.weight=4"], 6, "a convolution's weight is"),
      (["--fold-normalization", "head.weight"], 6, "its second axis should be the 3 channels"),
      (["--fold-normalization", "*gamma"], 6, "there is no bias beside it"),
      (["--fuse-bn", "*dwconv=*bn"], 5, "found no batch norm"),
      (["--fuse-bn", "*conv1d=*bn"], 5, "found no convolution"),
      (["--average", "FOLDER/none.pth"], 5, "none.pth"),
      (["--take-ema"], 5, "found none beside the weights"),
      (["--drop", "norm*", "--take-ema"], 5, "make it the first"),
      (["--strip-optimizer"], 5, "there is nothing but the weights"),
      (["--rename", "*=x"], 5, "gives 128 keys a name that is taken"),
      (["--cast", "*=int8"], 2, "there are: float64"),
      (["--slice", "head.weight=0-3"], 2, "--slice takes PATTERN=FROM:TO@AXIS"),
      (["--fill", "head*=ones"], 2, "--fill takes"), (["--fill", "head*=normal(0,-1,2)"], 2, "--fill takes"),
      (["--reshape", "head.weight"], 2, "--reshape takes"),
      (["--permute", "head.weight=0,x"], 2, "--permute takes"),
      (["--split", "head.bias=a,b"], 2, "column 2: outside braces the comma is a character of one name"),
      (["--rename", "stages.0.#.gamma=blocks.#.gamma"], 2, "# is a wildcard of patterns"),
      (["--adapt-input", "x=9999999999999999999999"], 2, "--adapt-input takes"),
      (["--adapt-input", "head.weight=0"], 2, "needs 1 to"),
      (["--transpose", "head.weight=1"], 2, "needs two axes"),
      (["--preset", "convnext-yolo5"], 2, "did you mean convnext-yolov5?"),
      (["--recipe", "FOLDER/none.yaml"], 3, "none.yaml"), (["--recipe", atto], 2, "is no recipe"),
      (["--drop", "norm*", "--digest", "sha256:0"], 5, "the plan has the digest sha256:"),
      (["--drop", "norm*", "--expect", "-1"], 2, "--expect takes a number"),
      (["--drop", "norm*", "--expect", "127"], 5, "126 tensors come out, 127 were expected"),
      (["--replicate", "model.0.", "model.1.", "model.2.", "model.3."], 2, "did the shell expand braces"),
      (["--concat", "q.w=qkv", "k.w=qkv", "v.w=qkv"], 2, "did the shell expand braces"),
    ] as [([String], Int32, String)])
  func `refuses with a reason and writes nothing`(words: [String], code: Int32, reason: String) throws {
    let folder = try TemporaryFolder()
    let said = try suture(
      ["edit", Self.atto, "-o", folder.path + "/out.pth"]
        + words.map { $0.replacing("FOLDER", with: folder.path) })
    #expect(said.code == code, "\(said.messages)")
    #expect(said.messages.contains(reason), "\(said.messages)")
    #expect(folder.names.isEmpty && said.output.isEmpty)
  }

  @Test func `a recipe that flags wrote does what the flags did, to the byte`() throws {
    let folder = try TemporaryFolder()
    let flags = [
      "--drop", "head*", "--drop", "norm*", "--fill", "stages.0.*.gamma=normal(0,0.02,7)", "--adapt-input",
      "downsample_layers.0.0.weight=4", "--cast", "*.norm.weight=float16", "--replicate", "m.{0,1}.",
      "--expect", "248",
    ]
    let first = try suture(
      ["edit", Self.atto, "-o", folder.path + "/1.safetensors", "--save-recipe", folder.path + "/r.yaml"]
        + flags)
    #expect(first.code == 0, "\(first.messages)")
    let text = try folder.text("r.yaml")
    #expect(text.hasPrefix("recipe: 1\nsteps:\n  - drop: \"head*\"\n"))
    #expect(text.hasSuffix("expect: {out: 248}\n"))
    let second = try suture(
      "edit", Self.atto, "-o", folder.path + "/2.safetensors", "--recipe", folder.path + "/r.yaml")
    #expect(second.code == 0, "\(second.messages)")
    let bytes = try ["1", "2"].map { name in
      try contents(of: "\(folder.path)/\(name).safetensors")
    }
    #expect(bytes[0] == bytes[1])
    #expect(
      try suture("edit", Self.atto, "-n", "--drop", "x", "--save-recipe", folder.path + "/r.yaml").code == 5)
    #expect(
      try suture("edit", Self.atto, "-n", "--drop", "head*", "--save-recipe", folder.path + "/r.yaml").code
        == 2)
    #expect(try folder.text("r.yaml") == text)
  }

  @Test func `a recipe's input and output sections are kept, and flags go before them`() throws {
    let folder = try TemporaryFolder()
    try folder.write(
      "r.yaml",
      Array(
        """
        recipe: 1
        input: {key: model}
        steps:
          - keep: "head*"
        output: {dtype: bfloat16, metadata: {made: "by hand"}}

        """.utf8))
    let recipe = folder.path + "/r.yaml"
    let out = folder.path + "/o.safetensors"
    #expect(try suture("edit", Self.atto, "-o", out, "--recipe", recipe).code == 0)
    #expect(try suture("inspect", out).output.contains("bfloat16"))
    #expect(
      try suture("edit", Self.atto, "-o", out, "--recipe", recipe, "--dtype", "float16", "-f").code == 0)
    #expect(try suture("inspect", out).output.contains("float16 "))
    let wrong = try suture("edit", Self.atto, "-n", "--recipe", recipe, "--key", "nowhere")
    #expect(wrong.code == 3)
    try folder.write("bad.yaml", Array("recipe: 1\nsteps:\n  - dorp: a\n".utf8))
    let bad = try suture("edit", Self.atto, "-n", "--recipe", folder.path + "/bad.yaml")
    #expect(
      bad.code == 2 && bad.messages.contains("bad.yaml:3:5: unknown key \"dorp\"; did you mean \"drop\"?"))
    try folder.write(
      "typo.yaml", Array("recipe: 1\nsteps: [{drop: \"head*\"}]\noutput: {dtype: int8}\n".utf8))
    let typo = try suture("edit", Self.atto, "-n", "--recipe", folder.path + "/typo.yaml")
    #expect(typo.code == 2 && typo.messages.contains("the recipe's output: dtype int8"), "\(typo.messages)")
  }

  @Test func `the plan for programs accounts for every key, and edit is held to its digest`() throws {
    let folder = try TemporaryFolder()
    let flags = ["--drop", "norm*", "--fill", "head.bias=0", "--replicate", "m.{0,1}."]
    let out = folder.path + "/out.pth"
    let plan = try suture(["edit", Self.atto, "-o", out, "-n", "--json"] + flags)
    #expect(plan.code == 0 && folder.names.isEmpty)
    for part in [
      "\"schema\": \"suture.plan/1\"", "\"keys\": 128", "\"dropped\": [\"norm.weight\", \"norm.bias\"]",
      "\"replaced\": [\"head.bias\"]", "\"tensors\": 252", "\"storages\": 126", "\"space\": ",
      "\"name\": \"m.0.head.bias\"",
    ] { #expect(plan.output.contains(part), "\(part)") }
    let digest = try #require(plan.output.firstMatch(of: /sha256:[0-9a-f]{64}/)?.output)
    let done = try suture(["edit", Self.atto, "-o", out, "--digest", String(digest), "--json"] + flags)
    #expect(done.code == 0 && done.output.contains(digest))
    let other = try suture(
      "edit", Self.atto, "-o", folder.path + "/x.pth", "--digest", String(digest), "--drop", "norm*")
    #expect(other.code == 5 && folder.names == ["out.pth"])
    // What it takes is what was said.
    let space = try #require(plan.output.firstMatch(of: /"space": (\d+)/)?.output.1)
    #expect(try FileSource(out).byteCount == Int(space))
  }

  @Test func `presets are listed, printed, and done`() throws {
    let folder = try TemporaryFolder()
    let list = try suture("presets")
    #expect(list.code == 0 && list.output.contains("convnext-yolov5-live\n  "))
    #expect(try suture("presets", "--json").output.contains("\"schema\": \"suture.presets/1\""))
    let text = try suture("presets", "convnext-yolov5").output
    try folder.write("p.yaml", Array(text.utf8))
    let out = folder.path + "/out.pth"
    #expect(try suture("edit", Self.atto, "-o", out, "--recipe", folder.path + "/p.yaml").code == 0)
    let said = try edit(folder, "--preset", "convnext-yolov5", "--force")
    #expect(said.code == 0 && said.messages.contains("496 tensors, 124 storages"))
    #expect(try suture("verify", out, "--against", Self.atto, "--size", "64").code == 0)
    let live = try edit(folder, "--preset", "convnext-yolov5-live", "--force")
    #expect(live.code == 0 && live.messages.contains("124 tensors, 124 storages"))
    #expect(try suture("presets", "x", "y").code == 2)
    #expect(try suture("presets", "normalize-in-stem").messages.contains("did you mean normalise-in-stem?"))
  }

  @Test func `what is too large for the dtype of a step or of a graft's base is told`() throws {
    let folder = try TemporaryFolder()
    let (half, large) = (folder.path + "/half.pth", folder.path + "/large.pth")
    let runs = [
      ["edit", Self.atto, "-o", large, "--keep", "norm.bias", "--fill", "*=1e6"],
      ["edit", large, "-o", half, "--cast", "*=float16"],
      ["graft", half, "--from", large, "-o", folder.path + "/out.pth"],
    ]
    for (run, isCast) in zip(runs, [false, true, true]) {
      let said = try suture(run)
      #expect(said.code == 0, "\(said.messages)")
      #expect(
        said.messages.contains(
          "warning: 320 numbers too large for float16 became infinite, the first in norm.bias") == isCast,
        "\(said.messages)")
      let report = try suture(run + ["--force", "--json"]).output.filter { $0 != " " }
      #expect(
        report.contains(#""overflows":[{"names":["norm.bias"],"count":320}]"#) == isCast, "\(report)")
    }
  }

  @Test func `steps may match nothing where that is allowed`() throws {
    let folder = try TemporaryFolder()
    let said = try edit(folder, "--drop", "nothing*", "--allow-unmatched")
    #expect(said.code == 0 && said.messages.contains("\"nothing*\" matched no keys, which is allowed"))
  }

  @Test func `each pattern of a recipe's step counts by itself`() throws {
    let folder = try TemporaryFolder()
    let headless = folder.path + "/headless.pth"
    #expect(try suture("edit", Self.atto, "-o", headless, "--drop", "head*").code == 0)
    try folder.write(
      "r.yaml", Array("recipe: 1\nsteps:\n  - drop: [\"norm*\", \"head*\"]\n    optional: true\n".utf8))
    let out = folder.path + "/out.pth"
    let said = try suture("edit", headless, "-o", out, "--recipe", folder.path + "/r.yaml")
    #expect(said.code == 0 && said.messages.contains("\"head*\" matched no keys, which is allowed"))
    #expect(try suture("inspect", out, "norm.*").code == 1)
    for preset in ["convnext-yolov5", "convnext-yolov5-live"] {
      let done = try suture("edit", headless, "-o", out, "--preset", preset, "--force")
      #expect(done.code == 0 && done.messages.contains(" 124 storages"), "\(done.messages)")
    }
    let refused = try suture("edit", headless, "-n", "--drop", "norm*", "--drop", "Head*")
    #expect(refused.code == 5 && refused.messages.contains("(drop \"Head*\") matched no keys"))
  }

  @Test(arguments: [
    (["--cast", "*=torch.float16"], "cast: \"*\"\n    to: \"float16\""),
    (["--transpose", "w"], "transpose: \"w\""), (["--transpose", "w=-1,0"], "axes: [-1, 0]"),
    (["--slice", "w=1:@3@-1"], "--slice takes"), (["--slice", "w=1:@-1"], "range: \"1:\"\n    axis: -1"),
    (["--concat", "re:/(a=b)(.*)/=x@y@1"], "concat: \"re:/(a=b)(.*)/\"\n    to: \"x@y\"\n    axis: 1"),
    (["--split", "w={a,b}@c"], "to: \"{a,b}@c\""),
    (["--split", "w={a,b}@1:2,3"], "to: \"{a,b}\"\n    axis: 1\n    sizes: [2, 3]"),
    (["--fuse-bn", "*.conv=*.bn@1e-3"], "with: \"*.bn\"\n    eps: 0.001"),
    (["--fold-normalization", "w=0.5/0.25"], "mean: [0.5]\n    std: [0.25]"),
    (["--fold-normalization", "w=0.5"], "--fold-normalization takes PATTERN=MEAN/STD"),
    (["--fill", "w=normal(0,0.5,7)"], "with: {normal: {mean: 0.0, std: 0.5, seed: 7}}"),
    (["--naming", "torchvison"], "did you mean \"torchvision\"?"),
    (["--average", atto, "--average", atto], "average: [\"\(atto)\", \"\(atto)\"]"),
    (["--take-ema"], "take-ema: null"),
  ])
  func `the words of a step are its record`(words: [String], text: String) throws {
    let folder = try TemporaryFolder()
    let recipe = folder.path + "/r.yaml"
    let said = try suture(
      ["edit", Self.atto, "-n", "--allow-unmatched", "--save-recipe", recipe] + words)
    let found = said.messages + ((try? folder.text("r.yaml")) ?? "")
    #expect(found.contains(text), "\(found)")
  }

  @Test func `a recipe grafts`() throws {
    let folder = try TemporaryFolder()
    let (part, out) = (folder.path + "/part.safetensors", folder.path + "/out.pth")
    #expect(try suture("edit", Self.atto, "-o", part, "--keep", "head*", "--fill", "*=3").code == 0)
    try folder.write("r.yaml", Array("recipe: 1\nsteps: [{graft: \"\(part)\", expect: 2}]\n".utf8))
    let said = try suture("edit", Self.atto, "-o", out, "--recipe", folder.path + "/r.yaml")
    #expect(said.code == 0 && said.messages.contains("126 stay as they are in the base"), "\(said.messages)")
    let why = try suture("why", out, "head.bias").output
    #expect(why.contains("it is head.bias of \(part)"), "\(why)")
    #expect(try suture("why", out, "norm.bias").output.contains("its name was norm.bias"))
    #expect(try suture("edit", Self.atto, "-n", "--graft", part).code == 0)
  }

  @Test func `a table renames, and back`() throws {
    let folder = try TemporaryFolder()
    try folder.write("t.yaml", Array("\"stages.#.#.dwconv.*\": \"stages.{1}.blocks.{2}.conv_dw.{3}\"\n".utf8))
    let table = folder.path + "/t.yaml"
    let out = folder.path + "/out.pth"
    #expect(try suture("edit", Self.atto, "-o", out, "--map", table).code == 0)
    #expect(try suture("inspect", out, "stages.2.blocks.5.conv_dw.bias").code == 0)
    #expect(try suture("edit", out, "-o", folder.path + "/b.pth", "--map-reversed", table).code == 0)
    #expect(try suture("inspect", folder.path + "/b.pth", "stages.2.5.dwconv.bias").code == 0)
    try folder.write("t.yaml", Array("\"stages.#.*\": x{\n".utf8))
    #expect(try suture("edit", Self.atto, "-n", "--map", table).code == 2)
    try folder.write("t.yaml", Array("*: x\n".utf8))
    #expect(try suture("edit", Self.atto, "-n", "--map", table).code == 2)
  }

  @Test func `the EMA is taken and the optimizer stripped where they are beside the weights`() throws {
    let folder = try TemporaryFolder()
    let (corpus, out) = (Self.root + "/Fixtures/Corpus/", folder.path + "/out.pth")
    let ema = corpus + "259_wrap_model_ema.pth"
    let taken = try suture("edit", ema, "-o", out, "--take-ema")
    #expect(taken.code == 0 && taken.messages.contains("taken from model_ema"), "\(taken.messages)")
    let values = { (words: [String]) in
      try suture(["inspect"] + words + ["--json", "--sha256"]).output.matches(of: /"sha256": ?"[0-9a-f]+"/)
        .map(\.output)
    }
    #expect(try values([out]) == values([ema, "--key", "model_ema"]))
    #expect(try values([out]) != values([ema]))
    let training = corpus + "263_optimizer_adamw.pth"
    let stripped = try suture("edit", training, "-o", out, "--preset", "strip-training", "--force")
    #expect(stripped.code == 0 && stripped.messages.contains("19 values beside the weights, under optimizer"))
    #expect(try suture("edit", training, "-o", out, "--strip-optimizer", "--extras", "keep", "-f").code == 0)
    let whole = try suture("edit", training, "-o", out, "--key", ".", "--strip-optimizer", "--force")
    #expect(whole.code == 0 && whole.messages.contains("-> 2 tensors"), "\(whole.messages)")
  }
}
