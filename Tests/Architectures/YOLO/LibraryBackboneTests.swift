import SutureText
import SutureYAML
import TestSupport
import Testing

@testable import SutureArchitectures

@Suite struct `A ConvNeXt of a library in an Ultralytics file` {
  private func file(_ row: String, _ rest: String = "[0, 1, Index, [192, 4]]") throws -> ModelFile {
    let text = """
      nc: 2
      backbone:
        - \(row)
        - \(rest)
      head:
        - [[-1], 1, Detect, [nc]]
      """
    return try ModelFile(Array(text.utf8), name: "cfg.yaml")
  }

  private static let split = "[-1, 1, TorchVision, [768, convnext_tiny, None, True, 2, True]]"
  private static let timm = "[-1, 1, Timm, [convnext_atto, True, 3, True, [1, 3]]]"

  private func names(_ file: ModelFile) -> [String: [Int]] {
    Dictionary(
      uniqueKeysWithValues: file.expectedTensors().filter { $0.layer == 0 }.map { ($0.name, $0.shape) })
  }

  @Test func `has torchvision's names and shapes behind m, layer by layer`() throws {
    let file = try file(Self.split)
    let shapes = names(file)
    #expect(shapes.count == 178)
    #expect(
      shapes["model.0.m.0.0.weight"] == [96, 3, 4, 4] && shapes["model.0.m.1.2.layer_scale"] == [96, 1, 1])
    #expect(shapes["model.0.m.6.1.weight"] == [768, 384, 2, 2] && shapes["model.0.m.6.0.weight"] == [384])
    #expect(shapes["model.0.m.7.2.block.5.weight"] == [768, 3072])
    // In the order of its layers, as the client has them.
    #expect(
      file.expectedTensors().prefix(5).map(\.name) == [
        "model.0.m.0.0.weight", "model.0.m.0.0.bias", "model.0.m.0.1.weight", "model.0.m.0.1.bias",
        "model.0.m.1.0.layer_scale",
      ])
    #expect(file.layers[0].parameterCount == 27_818_592 && file.strides == [8])
  }

  @Test func `gives as many maps as layers are left, and the image`() throws {
    let truncated = try file(
      "[-1, 1, TorchVision, [384, convnext_base, DEFAULT, True, 4, True]]", "[0, 1, Index, [512, -1]]")
    #expect(names(truncated)["model.0.m.6.1.weight"] == nil)
    #expect(truncated.strides == [16])
    let image = try file(Self.split, "[0, 1, Index, [3, 0]]")
    #expect(image.strides == [1])
    // Without the list its last map is a layer's like any other's.
    let whole = try file("[-1, 1, TorchVision, [768, convnext_small]]", "[-1, 1, Conv, [64, 1, 1]]")
    #expect(whole.strides == [32])
  }

  @Test func `of timm has the names that its features have, and stages by their place`() throws {
    let file = try file(Self.timm, "[0, 1, Index, [1]]")
    let shapes = names(file)
    #expect(shapes["model.0.m.stem_0.weight"] == [40, 3, 4, 4])
    #expect(shapes["model.0.m.stages_3.downsample.1.weight"] == [320, 160, 2, 2])
    #expect(shapes["model.0.m.stages_0.blocks.1.mlp.fc1.weight"] == [160, 40, 1, 1])
    #expect(file.strides == [32])
    // The form that names the channels too.
    #expect(try self.file(Self.timm, "[0, 1, Index, [80, 0]]").strides == [8])
    let second = names(
      try self.file("[-1, 1, Timm, [convnextv2_atto.fcmae, False, 3, True, [0]]]", "[0, 1, Index, [0]]"))
    #expect(second["model.0.m.stages_0.blocks.0.mlp.grn.weight"] == [160])
    #expect(
      second["model.0.m.stages_0.blocks.0.gamma"] == nil
        && second["model.0.m.stages_1.downsample.0.weight"] == nil)
  }

  @Test(arguments: [
    (
      split, "[0, 1, Index, [768, 9]]",
      "layer 1, Index: layer 0 gives a list of 9 maps, from 0 to 8, and there is no 9"
    ),
    (split, "[0, 1, Index, [768, -10]]", "and there is no -10"),
    (split, "[0, 1, Index, [192, 8]]", "it declares 192 channels, and map 8 of layer 0 has 768"),
    (
      split, "[0, 1, Conv, [64, 1, 1]]",
      "it reads layer 0, which gives a list of 9 maps; an Index takes one of them"
    ),
    (timm, "[0, 1, Index, [2]]", "layer 0 gives a list of 2 maps, from 0 to 1, and there is no 2"),
    ("[-1, 1, Conv, [64, 3, 2]]", "[0, 1, Index, [64, 0]]", "layer 0 gives one map, no list"),
    (
      split.replacing("768", with: "700").replacing(", True]]", with: "]]"), "[-1, 1, Conv, [64, 1, 1]]",
      "it declares 700 channels, and convnext_tiny without its last 2 layers gives 768"
    ),
    (split.replacing("tiny", with: "huge"), "", "of torchvision's models convnext_tiny, convnext_small"),
    (
      split.replacing("True, 2", with: "False, 2"), "",
      "without unwrap=True it gives the scores of a classifier"
    ),
    (
      split.replacing("True, 2", with: "True, 1"), "", "argument 4 is 1; a whole number from 2 to 9 is needed"
    ),
    (split.replacing("-1, 1", with: "-1, 2"), "", "it cannot be repeated"),
    (timm.replacing("[1, 3]", with: "[1, 4]"), "", "a list of 1 to 4 whole numbers from 0 to 3"),
    (
      timm.replacing("atto", with: "giant"), "",
      "cfg.yaml:3:20: layer 0, Timm: it takes [model, pretrained, 3, True"
    ),
  ])
  func `is refused where it is wrong`(row: String, rest: String, words: String) throws {
    var said = ""
    do { _ = try file(row, rest.isEmpty ? "[-1, 1, Conv, [64, 1, 1]]" : rest) } catch { said = "\(error)" }
    #expect(said.contains(words), "\(said)")
    #expect(said.hasPrefix("cfg.yaml:"), "\(said)")
  }

  @Test func `is of no model file of YOLOv5`() throws {
    var said = ""
    do {
      _ = try ModelFile(
        SmallModelFile.with("C3, [40, False]", "TorchVision, [768, convnext_tiny]"), name: "cfg.yaml")
    } catch { said = "\(error)" }
    #expect(said.contains("the module TorchVision is of model files of Ultralytics"), "\(said)")
  }
}
