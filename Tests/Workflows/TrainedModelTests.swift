import SutureArchitectures
import SutureCheckpoints
import SutureTensors
import TestSupport
import Testing

@testable import SutureWorkflows

@Suite struct `A trained model` {
  private let folder: TemporaryFolder
  private let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path + "/detector.pt"
    var request = WriteRequest(to: path)
    request.program = .yolov5
    var building = Building(
      projectFolder + "/Fixtures/YOLOv5/yolov5_convnext_atto.yaml", backbone: nil, request)
    building.classes = 3
    _ = try building.run()
  }

  @Test func `tells its layers, classes and strides, and that it is not fused`() throws {
    let model = try #require(TrainedModel(try Checkpoint.open(path)))
    #expect(model.model?.strides == [8, 16, 32] && model.classes == 3)
    #expect(model.names.isEmpty && !model.isFused && model.refusal == nil)
    #expect(model.weights.map(\.path) == ["model"] && model.weights[0].isTaken)
  }

  @Test func `is none where a state dict or another module lies`() throws {
    let atto = projectFolder + "/Fixtures/convnext-atto-cifar10/convnext_atto_cifar10_ema.pth"
    #expect(TrainedModel(try Checkpoint.open(atto)) == nil)
  }

  @Test func `that cannot be built says why`() throws {
    let other = try Checkpoint.open(projectFolder + "/Fixtures/Corpus/271_yolov5_style.pt")
    let model = try #require(TrainedModel(other))
    #expect(model.model == nil && model.refusal?.contains("depth_multiple") == true)
  }
}
