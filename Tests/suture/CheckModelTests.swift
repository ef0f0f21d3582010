import SutureBytes
import TestSupport
import Testing

@Suite struct `Check into a model file` {
  private static let fixtures =
    #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 } + "/Fixtures"
  private static let fixture = fixtures + "/convnext-atto-cifar10/convnext_atto_cifar10_ema.pth"

  /// The model file of the fixture's network, with something replaced.
  private func model(_ folder: TemporaryFolder, _ changes: [(String, String)] = []) throws -> String {
    var text = try TestSupport.text(of: Self.fixtures + "/YOLOv5/yolov5_convnext_tiny.yaml")
    let atto = [
      ("[3, 3, 9, 3]", "[2, 2, 6, 2]"), ("[96, 192, 384, 768]", "[40, 80, 160, 320]"),
      ("[96, 0,", "[40, 0,"), ("[192, 1,", "[80, 1,"), ("[384, 2,", "[160, 2,"), ("[768, 3,", "[320, 3,"),
    ]
    for (old, new) in atto + changes {
      #expect(text.contains(old), "\(old)")
      text = text.split(separator: old, omittingEmptySubsequences: false).joined(separator: new)
    }
    try folder.write("model.yaml", Array(text.utf8))
    return folder.path + "/model.yaml"
  }

  private func backbone(_ folder: TemporaryFolder, _ more: String...) throws -> String {
    let path = folder.path + "/backbone.pth"
    let said = try suture(["edit", Self.fixture, "-o", path, "--preset", "convnext-yolov5"] + more)
    #expect(said.code == 0, "\(said.messages)")
    return path
  }

  @Test(arguments: [[], ["--live-only"]])
  func `passes what the mission writes, and tells what is read`(more: [String]) throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/backbone.pth"
    #expect(try suture(["edit", Self.fixture, "-o", path, "--preset", "convnext-yolov5"] + more).code == 0)
    let model = try model(folder)
    let said = try suture("check", path, "--into", model)
    #expect(said.code == 0, "\(said.output)\(said.messages)")
    let count = more.isEmpty ? 496 : 124
    #expect(said.output.contains("loads      \(count) of the \(count) keys"))
    #expect(said.output.contains("a forward pass reads 124 of them"))
    #expect(said.output.contains("initial    151  of the neck and head"))
    let shown = try suture("inspect", path, "--into", model)
    #expect(shown.output.contains("reads 124 of them"))
  }

  @Test func `raises an alarm where blocks of the model get nothing`() throws {
    let folder = try TemporaryFolder()
    let path = try backbone(folder)
    let said = try suture(
      "check", path, "--into", try model(folder, [("[2, 2, 6, 2]", "[2, 2, 9, 2]")]), "--json")
    #expect(said.code == 1)
    let text = try suture("check", path, "--into", folder.path + "/model.yaml")
    #expect(text.output.contains("ALARM      27 keys of the backbone that a forward pass reads get nothing"))
    #expect(text.output.contains("unread     81"))
  }

  @Test func `calls anchor_grid of old files unexpected, as load_state_dict does`() throws {
    let folder = try TemporaryFolder()
    let narrow = [("width_multiple: 0.50", "width_multiple: 0.05")]
    let (model, path) = (try model(folder, narrow), folder.path + "/detector.pth")
    #expect(try suture("build", model, "--backbone", Self.fixture, "-o", path).code == 0)
    #expect(try suture("check", path, "--into", model).code == 0)
    let old = folder.path + "/old.pth"
    let edit = try suture(
      "edit", path, "-o", old, "--replicate", "{,old.}", "--rename",
      "old.model.18.anchors=model.18.anchor_grid",
      "--drop", "old.*")
    #expect(edit.code == 0, "\(edit.messages)")
    let said = try suture("check", old, "--into", model, "-v")
    #expect(said.code == 1 && said.output.contains("unexpected 1  model.18.anchor_grid"), "\(said.output)")
    #expect(said.output.contains("Unexpected key(s) in state_dict: \"model.18.anchor_grid\""))
    #expect(!said.output.contains("fits: every key"))
  }

  @Test func `builds what the data set and the options of training decide`() throws {
    let folder = try TemporaryFolder()
    let narrow = [("width_multiple: 0.50", "width_multiple: 0.05")]
    let (model, path) = (try model(folder, narrow), folder.path + "/detector.pth")
    #expect(try suture("build", model, "--backbone", Self.fixture, "-o", path, "--nc", "3").code == 0)
    #expect(try suture("check", path, "--into", model).code == 1)
    #expect(try suture("check", path, "--into", model, "--nc", "3").code == 0)
    #expect(try suture("check", path, "--into", model, "--nc", "3", "--anchors", "3").code == 0)
    #expect(try suture("check", path, "--into", model, "--nc", "3", "--anchors", "4").code == 1)
    let four = folder.path + "/four.pth"
    #expect(
      try suture("build", model, "--backbone", Self.fixture, "-o", four, "--nc", "3", "--anchors", "4").code
        == 0)
    #expect(try suture("check", four, "--into", model, "--nc", "3", "--anchors", "4").code == 0)
    for words in [["--anchors", "3"], ["--into", path, "--anchors", "3"], ["--into", path, "--nc", "3"]] {
      #expect(try suture(["check", path] + words).code == 2, "\(words)")
    }
  }

  @Test func `takes an activation that it does not know to have no tensors, and tells so`() throws {
    let folder = try TemporaryFolder()
    let path = try backbone(folder)
    let model = try model(folder, [("depth_multiple: 0.33", "activation: nn.Frob(2)\ndepth_multiple: 0.33")])
    let said = try suture("check", path, "--into", model)
    #expect(
      said.code == 0 && said.output.contains("assumed    conv.activation nn.Frob(2): it is not known here"))
    let json = try suture("check", path, "--into", model, "--json")
    #expect(json.output.contains("\"what\": \"conv.activation\""))
    let run = try suture("verify", path, "--model", model)
    #expect(run.code == 6)
    let new = folder.path + "/new.pth"
    let built = try suture("build", model, "--backbone", Self.fixture, "-o", new)
    #expect(
      built.code == 0 && built.messages.contains("assumed conv.activation nn.Frob(2): it is not known here"))
    let edit = try suture("edit", path, "-o", new, "--force", "--complete", model)
    #expect(
      edit.code == 0 && edit.messages.contains("assumed conv.activation nn.Frob(2)"), "\(edit.messages)")
  }

  @Test func `says how a bare checkpoint would be made to load`() throws {
    let folder = try TemporaryFolder()
    let said = try suture("check", Self.fixture, "--into", try model(folder))
    #expect(said.code == 1)
    #expect(said.output.contains("ALARM      not one key"))
    #expect(said.output.contains("did you mean --preset convnext-yolov5?"))
  }

  @Test(arguments: [
    ("[320, 3,", "[256, 3,", "expected input to have 256 channels, but got 320 channels instead"),
    ("depth_multiple: 0.33", "depth: 0.33", "KeyError: 'depth_multiple'"),
    ("[10,13, 16,30, 33,23]", "[1000,1300, 1600,30, 33,23]", "other order than the strides"),
    ("nn.Upsample, [None, 2,", "nn.Upsample, [None, 4,", "joins maps of different sizes"),
    ("-1, 3, C3, [384, False]", "-1, 3, C9, [384, False]", "is not known"),
  ])
  func `refuses a model file that YOLOv5 could not train`(old: String, new: String, reason: String) throws {
    let folder = try TemporaryFolder()
    let path = try backbone(folder)
    let said = try suture("check", path, "--into", try model(folder, [(old, new)]))
    #expect(said.code == 3)
    #expect(said.messages.contains(reason), "\(said.messages)")
  }

  @Test func `into nothing takes the model file that lies in the checkpoint, and says where none does`()
    throws
  {
    let folder = try TemporaryFolder()
    let (model, path) = (try model(folder), folder.path + "/detector.pt")
    let built = try suture("build", model, "-o", path, "--backbone", Self.fixture, "--as", "yolov5")
    #expect(built.code == 0, "\(built.messages)")
    let said = try suture("check", path, "--into", "-v")
    #expect(said.code == 0, "\(said.output)\(said.messages)")
    #expect(said.output.contains("into the model file in \(path): a YOLOv5 model file"))
    let none = try suture("check", Self.fixture, "--into")
    #expect(none.code == 2 && none.messages.contains("no model file lies in"), "\(none.messages)")
    #expect(try suture("check", path, "--into", "--base-key", "x").code == 2)
  }

  @Test func `says that a checkpoint is fused`() throws {
    let folder = try TemporaryFolder()
    let (model, path) = (try model(folder), folder.path + "/detector.pth")
    #expect(try suture("build", model, "-o", path).code == 0)
    let fused = folder.path + "/fused.pth"
    let edited = try suture(
      "edit", path, "-o", fused, "--drop", "model.4.bn.{weight,running_*,num_batches_tracked}",
      "--rename", "model.4.bn.bias=model.4.conv.bias")
    #expect(edited.code == 0, "\(edited.messages)")
    let said = try suture("check", fused, "--into", model)
    #expect(
      said.code == 1 && said.output.contains("fused      1  of the file's convolutions"), "\(said.output)")
  }
}
