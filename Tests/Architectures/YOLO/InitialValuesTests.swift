import SutureTensors
import TestSupport
import Testing

@testable import SutureArchitectures

@Suite struct `Initial values` {
  private let model: ModelFile

  init() throws { model = try ModelFile(path: projectFolder + "/Fixtures/YOLOv5/yolov5_convnext_tiny.yaml") }

  private func values(_ name: String, of dict: StateDict) throws -> [Float] {
    try #require(dict[name]).contiguousBytes().withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
  }

  @Test func `are of the keys, shapes and dtypes that the model has`() throws {
    let (dict, expected) = (try model.initialStateDict(), model.expectedTensors())
    #expect(dict.names == expected.map(\.name) && dict.count == 863)
    #expect(dict.entries.map(\.tensor.shape) == expected.map(\.shape))
    #expect(dict.entries.map(\.tensor.dtype) == expected.map(\.dtype))
  }

  @Test func `are exact where nothing is random`() throws {
    let dict = try model.initialStateDict(seed: 7)
    #expect(try Set(values("model.4.bn.weight", of: dict)) == [1])
    #expect(try Set(values("model.4.bn.running_var", of: dict)) == [1])
    #expect(try Set(values("model.4.bn.running_mean", of: dict)) == [0])
    #expect(try Set(values("model.0.stages.2.8.gamma", of: dict)) == [1e-6])
    #expect(try Set(values("model.0.stages.2.8.norm.weight", of: dict)) == [1])
    #expect(try Set(values("model.0.stages.2.8.pwconv1.bias", of: dict)) == [0])
    #expect(try dict["model.4.bn.num_batches_tracked"]?.contiguousBytes() == [UInt8](repeating: 0, count: 8))
    // Divided by the strides 8, 16 and 32.
    let anchors = try values("model.18.anchors", of: dict)
    #expect(anchors[..<6] == [1.25, 1.625, 2, 3.75, 4.125, 2.875] && anchors[17] == 326 / 32)
  }

  @Test func `are of the distributions that torch and ConvNeXt use`() throws {
    let dict = try model.initialStateDict()
    // uniform within 1 over the square root of 768 inputs
    let uniform = try values("model.4.conv.weight", of: dict)
    let bound = 1 / Float(768).squareRoot()
    #expect(uniform.allSatisfy { abs($0) <= bound })
    #expect(abs(uniform.reduce(0, +) / Float(uniform.count)) < bound * 0.01)
    let spread = (uniform.reduce(0) { $0 + $1 * $1 } / Float(uniform.count)).squareRoot()
    #expect(abs(spread / (bound / Float(3).squareRoot()) - 1) < 0.01)
    let normal = try values("model.3.stages.3.0.pwconv1.weight", of: dict)
    let deviation = (normal.reduce(0) { $0 + $1 * $1 } / Float(normal.count)).squareRoot()
    #expect(abs(deviation / 0.02 - 1) < 0.01)
    // Each of a pixel's three boxes: four numbers, an object in log(8 / (640 / 8)²), classes in log(0.6 / (80 - 0.99999)).
    let bias = try values("model.18.m.0.bias", of: dict)
    let edge = 1 / Float(192).squareRoot()
    for start in stride(from: 0, to: 255, by: 85) {
      #expect(bias[start..<(start + 4)].allSatisfy { abs($0) <= edge })
      #expect(abs(bias[start + 4] - -6.684612) <= edge)
      #expect(bias[(start + 5)..<(start + 85)].allSatisfy { abs($0 - -4.880280) <= edge })
    }
  }

  @Test func `are the same for the same seed and name, and others for others`() throws {
    let (one, same, other) = (
      try model.initialStateDict(seed: 1), try model.initialStateDict(seed: 1),
      try model.initialStateDict(seed: 2)
    )
    let name = "model.4.conv.weight"
    #expect(
      try values(name, of: one) == values(name, of: same) && values(name, of: one) != values(name, of: other))
    #expect(try values("model.7.cv1.conv.weight", of: one) != values("model.7.cv2.conv.weight", of: one))
    // Computed with Python's integers and floats.
    #expect(try values(name, of: one)[0] == Self.expected)
  }

  /// `suture build` gives this on every machine.
  private static let expected: Float = -0.0330856591463089
}
