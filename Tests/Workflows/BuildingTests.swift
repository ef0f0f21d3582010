import SutureArchitectures
import SutureBytes
import SutureCheckpoints
import SutureModelRuntime
import SutureSurgery
import SutureTensors
import SutureText
import SutureWorkflows
import SutureYAML
import TestSupport
import Testing

@Suite struct `Building a detector` {
  private let folder: TemporaryFolder
  /// Of a narrow neck, since numbers take their time without optimization.
  private let model: String
  private let atto = projectFolder + "/Fixtures/convnext-atto-cifar10/convnext_atto_cifar10_ema.pth"

  init() throws {
    folder = try TemporaryFolder()
    model = folder.path + "/model.yaml"
    let content = try text(of: projectFolder + "/Fixtures/YOLOv5/yolov5_convnext_atto.yaml")
    try write(Array(content.replacing("width_multiple: 0.50", with: "width_multiple: 0.05").utf8), to: model)
  }

  @Test func `takes the backbone into every layer that holds one, and the rest is as it is when it is new`()
    throws
  {
    let path = folder.path + "/detector.pth"
    let prepared = try Building(model, backbone: atto, WriteRequest(to: path)).run().prepared
    #expect(prepared.loaded.count == 496 && prepared.live.count == 124 && prepared.initial.count == 151)
    let (detector, backbone) = (try Checkpoint.open(path).stateDict, try Checkpoint.open(atto).stateDict)
    let fresh = try ModelFile(path: model).initialStateDict()
    #expect(detector.names == fresh.names)
    for (name, tensor) in detector.entries.map({ ($0.name, $0.tensor) }) {
      let rest = name.drop { $0 != "." }.dropFirst().drop { $0 != "." }.dropFirst()
      let source = backbone[String(rest)] ?? fresh[name]
      #expect(try tensor.contiguousBytes() == source?.contiguousBytes(), "\(name)")
    }
    // Four names of one storage each.
    #expect(detector.storages.count == 124 + 151)
    #expect(try ModelLoadCheck(of: Checkpoint.open(path), into: ModelFile(path: model)).passed)
  }

  @Test(arguments: NamingScheme.targets.filter { $0.has(.classifier) && $0.stageCount == 4 })
  func `knows the backbone under the names of every library`(scheme: NamingScheme) throws {
    let named = folder.path + "/named.pth"
    var editing = Editing(of: atto, WriteRequest(to: named))
    editing.steps = [AdoptNaming(scheme), AddPrefix("module.")]
    _ = try editing.run()
    let (one, other) = (
      try Detector.build(file: model, backbone: named, seed: 3),
      try Detector.build(file: model, backbone: atto, seed: 3)
    )
    #expect(one.names == other.names)
    // The rest are the same numbers by their names.
    for entry in one where entry.name.hasPrefix("model.3.") {
      #expect(try entry.tensor.contiguousBytes() == other[entry.name]?.contiguousBytes(), "\(entry.name)")
    }
  }

  @Test func `puts each stage where the model file has its layer`() throws {
    // A layer before the backbone, so that layer 1 is stage 0.
    var content = try text(of: model)
    content = content.replacing(
      "backbone:\n  [[-1, 1, ConvNeXt_Block",
      with: "backbone:\n  [[-1, 1, nn.Upsample, [None, 1, 'nearest']],\n   [-1, 1, ConvNeXt_Block")
    for (old, new) in [
      ("[[-1, 2], 1, Concat, [1]]", "[[-1, 3], 1, Concat, [1]]"),
      ("[[-1, 1], 1, Concat", "[[-1, 2], 1, Concat"),
      ("[[-1, 8], 1, Concat", "[[-1, 9], 1, Concat"), ("[[-1, 4], 1, Concat", "[[-1, 5], 1, Concat"),
      ("[[11, 14, 17], 1, Detect", "[[12, 15, 18], 1, Detect"),
    ] { content = content.replacing(old, with: new) }
    let path = folder.path + "/shifted.yaml"
    try write(Array(content.utf8), to: path)
    let prepared = try Building(path, backbone: atto).prepare()
    #expect(prepared.model.backboneLayers == [1, 2, 3, 4])
    #expect(
      prepared.live.contains("model.1.stages.0.0.gamma")
        && !prepared.live.contains("model.1.stages.1.0.gamma"))
    #expect(prepared.live.count == 124)
  }

  @Test func `refuses a backbone of another variant, and one where there is no place for it`() throws {
    let tiny = projectFolder + "/Fixtures/YOLOv5/yolov5_convnext_tiny.yaml"
    let error = try #require(throws: SurgeryError.self) { try Building(tiny, backbone: atto).prepare() }
    #expect(error.kind == .doesNotFit && error.remedies.contains { "\($0)".contains("different variants") })
    let deeper = folder.path + "/deeper.yaml"
    try write(Array(try text(of: model).replacing("[2, 2, 6, 2]", with: "[2, 2, 9, 2]").utf8), to: deeper)
    let gap = try #require(throws: SurgeryError.self) { try Building(deeper, backbone: atto).prepare() }
    #expect(gap.reason.contains("keys of the backbone that a forward pass reads"))
    let plain = folder.path + "/plain.yaml"
    let rows =
      "[[-1, 1, Conv, [40, 1, 4]], [-1, 1, Conv, [80, 1, 2]], [-1, 1, Conv, [160, 1, 2]], [-1, 1, Conv, [320, 1, 2]]]"
    let content = try text(of: model)
    let start = try #require(content.firstRange(of: "\nbackbone:")),
      end = try #require(content.firstRange(of: "# YOLOv5 head"))
    try write(
      Array((content[..<start.upperBound] + " \(rows)\n" + content[end.lowerBound...]).utf8), to: plain)
    #expect(throws: Failure.self) { try Building(plain, backbone: atto).prepare() }
    _ = try Building(plain).prepare()
  }

  @Test func `for Ultralytics has the model file in it with the scale that its name says`() throws {
    let folder = try TemporaryFolder()
    let text = """
      nc: 3
      scales: {n: [0.5, 0.25, 1024], s: [0.5, 0.5, 1024]}
      backbone: [[-1, 1, Conv, [64, 3, 2]], [-1, 2, C3k2, [64, True]]]
      head: [[[1], 1, Detect, [nc]]]
      """
    try folder.write("yolo11s.yaml", Array(text.utf8))
    let (model, path) = (folder.path + "/yolo11s.yaml", folder.path + "/detector.pt")
    var request = WriteRequest(to: path)
    request.program = .ultralytics
    var building = Building(model, request)
    building.classes = 7
    _ = try building.run()
    let checkpoint = try Checkpoint.open(path)
    #expect(checkpoint.wrapper == ["model"])
    let file = try #require(try checkpoint.modelFile())
    #expect(try file.table() == ModelFile(path: model, classes: 7).table() && file.assumptions.isEmpty)
    let report = try Verification(of: checkpoint, model: file, image: .testImage(side: 64)).run()
    #expect(report.passed)
    // Each program builds what the rows mean to it.
    building.request?.program = .yolov5
    let error = #expect(throws: Failure.self) { try building.prepare() }
    #expect(error?.kind == .usage && error?.reason.contains("the model file is one of Ultralytics") == true)
  }

  @Test func `for YOLOv5 has the model file in it, from which the whole detector is verified`() throws {
    let path = folder.path + "/detector.pt"
    var request = WriteRequest(to: path)
    request.program = .yolov5
    var building = Building(model, backbone: atto, request)
    building.classes = 3
    _ = try building.run()
    let checkpoint = try Checkpoint.open(path)
    let file = try #require(try checkpoint.modelFile())
    #expect(try file.table() == ModelFile(path: model, classes: 3).table())
    let report = try Verification(of: checkpoint, model: file, image: .testImage(side: 64)).run()
    #expect(report.passed && report.checks.contains { $0.name == "keys" })
    // What was asked for instead of the file's own is in it, as Model(cfg, nc=…, anchors=…) has it.
    building.anchors = 4
    building.request?.replaces = true
    _ = try building.run()
    let asked = try #require(try Checkpoint.open(path).modelFile())
    #expect(try asked.expectedTensors() == ModelFile(path: model, classes: 3, anchors: 4).expectedTensors())
    // A state dict has none, and one whose model cannot be built says why.
    #expect(try Checkpoint.open(atto).modelFile() == nil)
    let other = try Checkpoint.open(projectFolder + "/Fixtures/Corpus/271_yolov5_style.pt")
    let error = try #require(throws: YAMLError.self) { try other.modelFile() }
    #expect("\(error)".contains("271_yolov5_style.pt") && "\(error)".contains("depth_multiple"))
  }

  @Test func `is the same file for the same seed`() throws {
    func bytes(_ name: String, seed: Int) throws -> [UInt8] {
      let path = "\(folder.path)/\(name).pt"
      var building = Building(model, backbone: atto, WriteRequest(to: path))
      building.seed = seed
      _ = try building.run()
      return try FileSource(path).bytes(0..<FileSource(path).byteCount)
    }
    let one = try bytes("one", seed: 1)
    #expect(try one == bytes("same", seed: 1) && one != bytes("other", seed: 2))
  }
}
