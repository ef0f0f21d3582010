import SutureArchitectures
import SutureCheckpoints
import SutureModelRuntime
import SutureSurgery
import SutureTensors
import SutureWorkflows
import TestSupport
import Testing

@Suite struct LoadCheckTests {
  private let atto: Checkpoint
  private let folder: TemporaryFolder

  init() throws {
    atto = try Checkpoint.open(
      projectFolder + "/Fixtures/convnext-atto-cifar10/convnext_atto_cifar10_ema.pth")
    folder = try TemporaryFolder()
  }

  /// A file of what `steps` make of the fixture.
  private func made(_ steps: [any Step], as name: String = "made.pth") throws -> Checkpoint {
    let path = "\(folder.path)/\(name)"
    let plan = try Plan(of: atto.stateDict, steps: steps)
    try CheckpointWriter.write(plan.output, to: path, WriteOptions(.pytorchZip))
    return try Checkpoint.open(path)
  }

  @Test func `a file loads into itself`() throws {
    let check = try LoadCheck(of: atto, into: atto)
    #expect(check.passed && check.advice == nil && check.errorText == nil)
    #expect(check.report.loaded.count == 128 && check.untrained.isEmpty)
  }

  @Test func `other names do not load, and the change that would make them is advised`() throws {
    let check = try LoadCheck(of: made([AddPrefix("module.")]), into: atto)
    #expect(!check.passed && check.report.hasNoOverlap)
    #expect(
      check.advice?.repairs.map(\.record) == [StripPrefix("module.").record]
        && check.advice?.report.passed == true)
    #expect(check.errorText?.contains("Missing key(s) in state_dict") == true)
  }

  @Test func `blocks that never got their weights are found on both sides`() throws {
    let untrained = try made([Fill("stages.0.0.gamma", with: .constant(1e-6))])
    #expect(try LoadCheck(of: untrained, into: atto).untrained == ["stages.0.0"])
    let part = try made([Drop("stages.0.0.gamma")], as: "part.pth")
    #expect(try LoadCheck(of: part, into: untrained).untrainedInBase == ["stages.0.0"])
  }

  // MARK: Into a model file

  /// The model file of the fixture's network, with the depths of its backbone.
  private func model(depths: String = "[2, 2, 6, 2]") throws -> ModelFile {
    let path = projectFolder + "/Fixtures/YOLOv5/yolov5_convnext_atto.yaml"
    let content = try text(of: path).replacing("[2, 2, 6, 2]", with: depths)
    return try ModelFile(Array(content.utf8), name: path)
  }

  private func backbone() throws -> Checkpoint {
    try made([Drop("norm*", "head*"), Replicate("model.{0..3}.")])
  }

  @Test func `a backbone fits the model file that it was made for`() throws {
    let check = try ModelLoadCheck(of: backbone(), into: model())
    #expect(check.passed)
    #expect(check.report.loaded.count == 496 && check.live.count == 124)
    #expect(check.initialElsewhere.count == 151 && check.initialBackbone.isEmpty)
  }

  @Test func `copies that nothing reads are not untrained, at whichever layers they stand`() throws {
    for (places, stage2) in [("{0..3}", 2), ("{5,8,9,12}", 9)] {
      // What training from the live part alone leaves: the other copies at their initial values.
      let dead = try made(
        [
          Drop("norm*", "head*"), Replicate("model.\(places)."),
          Fill("model.\(stage2).stages.{0,1,3}.*.gamma", with: .constant(1e-6)),
        ], as: "dead\(stage2).pth")
      let live = try made(
        [
          Drop("norm*", "head*"), Replicate("model.\(places)."),
          Fill("model.\(stage2).stages.2.0.gamma", with: .constant(1e-6)),
        ], as: "live\(stage2).pth")
      #expect(try LoadCheck(of: dead, into: dead).untrained.isEmpty)
      #expect(try LoadCheck(of: live, into: dead).untrained == ["model.\(stage2).stages.2.0"])
      if stage2 == 2 {
        #expect(try ModelLoadCheck(of: dead, into: model()).untrained.isEmpty)
        #expect(try ModelLoadCheck(of: live, into: model()).untrained == ["model.2.stages.2.0"])
      }
    }
  }

  @Test func `blocks of a deeper model that get nothing are an alarm`() throws {
    let check = try ModelLoadCheck(of: backbone(), into: model(depths: "[2, 2, 9, 2]"))
    #expect(!check.passed && check.initialBackbone.count == 27 && check.initialUnread.count == 81)
  }

  @Test func `the preset that would make a bare checkpoint load is advised`() throws {
    let check = try ModelLoadCheck(of: atto, into: model())
    guard case .preset(let preset) = check.advice else {
      Issue.record("\(String(describing: check.advice))")
      return
    }
    #expect(preset.name == "convnext-yolov5" && !check.passed)
  }
}
