import SutureBytes
import TestSupport
import Testing

@Suite struct `why` {
  private static let root = projectFolder
  private let atto = root + "/Fixtures/convnext-atto-cifar10/convnext_atto_cifar10_ema.pth"

  @Test func `follows a tensor through two runs`() throws {
    let folder = try TemporaryFolder()
    let (one, two) = (folder.path + "/one.pth", folder.path + "/two.safetensors")
    #expect(
      try suture(
        "edit", atto, "-o", one, "--drop", "norm*", "--drop", "head*", "--replicate", "model.{0..3}.",
        "--hash"
      ).code == 0)
    #expect(try suture("convert", one, "-o", two, "--naming", "timm", "--dtype", "float16").code == 0)
    let said = try suture("why", two, "model.2.stages.0.blocks.0.gamma")
    #expect(said.code == 0, "\(said.messages)")
    for words in [
      "model.2.stages.0.blocks.0.gamma  float16 [40]", "from convnext_atto_cifar10_ema.pth  sha256 ",
      "replicate under \"model.{0..3}.\"  stages.0.0.gamma -> model.2.stages.0.0.gamma",
      "naming facebookresearch to timm  model.2.stages.0.0.gamma -> model.2.stages.0.blocks.0.gamma",
      "its name was stages.0.0.gamma in convnext_atto_cifar10_ema.pth",
    ] { #expect(said.output.contains(words), "\(said.output)") }
    let json = try suture("why", two, "model.2.stages.0.blocks.0.gamma", "--json")
    #expect(json.output.contains("\"schema\": \"suture.why/1\""))
    #expect(json.output.contains("\"source_names\": [\"stages.0.0.gamma\"]"))
    let shared = try suture("why", one, "model.2.stages.0.0.gamma")
    #expect(shared.output.contains("shares its bytes with model.{0,1,3}.stages.0.0.gamma"))
  }

  @Test(arguments: [
    ["out.pth"], ["out.safetensors"], ["out/", "--format", "pth", "--max-shard-size", "5MB"],
    ["out/", "--format", "safetensors", "--max-shard-size", "5MB"], ["kept.pth", "--extras", "keep"],
    ["yolo.pt", "--as", "yolov5"],
  ])
  func `names the step that made a tensor, in every form that is written`(output: [String]) throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/" + output[0]
    let edit = ["edit", atto, "--fill", "head.bias=zeros", "--add-prefix", "model.0.", "-o", path]
    let done = try suture(edit + output.dropFirst())
    #expect(done.code == 0, "\(done.messages)")
    let said = try suture("why", path, "model.0.head.bias")
    #expect(said.code == 0, "\(said.messages)")
    #expect(said.output.contains("made anew, by fill \"head.bias\" with zeros"), "\(said.output)")
  }

  @Test func `says so where there is no provenance`() throws {
    let folder = try TemporaryFolder()
    let bare = folder.path + "/bare.safetensors"
    #expect(try suture("convert", atto, "-o", bare, "--no-provenance").code == 0)
    let said = try suture("why", bare, "head.bias")
    #expect(said.code == 1)
    #expect(said.output.contains("the file does not say where it came from"))
    #expect(try suture("why", bare, "head.bias", "--json").output.contains("\"source_names\": null"))
  }

  @Test func `gives the exit code of the contract`() throws {
    let typo = try suture("why", atto, "head.bais")
    #expect(typo.code == 2)
    #expect(typo.messages.contains("did you mean head.bias?"))
    #expect(try suture("why", atto).code == 2)
    #expect(try suture("why", "/nothing.pth", "a").code == 3)
  }
}
