import SutureBytes
import SutureYAML
import TestSupport
import Testing

@testable import SutureModelRuntime

/// A small model file, whose lines tests change one at a time.
enum SmallModelFile {
  static let text = """
    nc: 3
    depth_multiple: 0.5
    width_multiple: 0.5
    anchors:
      - [10,13, 16,30]
      - [30,61, 62,45]
    backbone:
      [[-1, 1, ConvNeXt_Block, [9, 0, 3, [1, 1, 1, 1], [9, 12, 16, 20]]],
       [-1, 1, ConvNeXt_Block, [12, 1, 3, [1, 1, 1, 1], [9, 12, 16, 20]]],
       [-1, 1, ConvNeXt_Block, [16, 2, 3, [1, 1, 1, 1], [9, 12, 16, 20]]],
       [-1, 1, ConvNeXt_Block, [20, 3, 3, [1, 1, 1, 1], [9, 12, 16, 20]]]]
    head:
      [[-1, 1, Conv, [32, 1, 1]],
       [-1, 1, nn.Upsample, [None, 2, 'nearest']],
       [[-1, 2], 1, Concat, [1]],
       [-1, 5, C3, [40, False]],
       [-1, 3, Bottleneck, [40]],
       [-1, 1, Conv, [24, 3, 2, None, 4]],
       [-1, 7, Conv, [24, 3, 1]],
       [[-1, 3], 1, Concat, [1]],
       [-1, 2, C3, [32]],
       [[8, 12], 1, Detect, [nc, anchors]]]
    """

  static func with(_ old: String, _ new: String) throws -> ModelFile {
    let changed = text.replacing(old, with: new, maxReplacements: 1)
    return try ModelFile(Array(changed.utf8), name: "cfg.yaml")
  }
}

@Suite struct `A model file` {
  private func fixture(_ name: String) throws -> ModelFile {
    try ModelFile(path: "\(projectFolder)/Fixtures/YOLOv5/\(name)")
  }

  /// What YOLOv5 v7.0 prints for the same file, but for the blanks at the ends of lines.
  @Test func `is shown as YOLOv5 shows it`() throws {
    let table = DetectorTable.text(try LayerParser(try fixture("yolov5_convnext_tiny.yaml")).layers)
    let rows = table.split(separator: "\n").map { row in
      String(row.reversed().drop { $0 == " " }.reversed())
    }
    #expect(rows.count == 20)
    #expect(
      rows[0] == "                 from  n    params  module                                  arguments")
    #expect(
      rows[1]
        == "  0                -1  1  27818592  models.common.ConvNeXt_Block            [0, 3, [3, 3, 9, 3], [96, 192, 384, 768]]"
    )
    #expect(
      rows[6]
        == "  5                -1  1         0  torch.nn.modules.upsampling.Upsample    [None, 2, 'nearest']")
    #expect(rows[7] == "  6           [-1, 2]  1         0  models.common.Concat                    [1]")
    #expect(
      rows[8]
        == "  7                -1  1    813312  models.common.C3                        [768, 384, 1, False]")
    #expect(
      rows[19]
        == "  18      [11, 14, 17]  1    245565  models.yolo.Detect                      [80, [[10, 13, 16, 30, 33, 23], [30, 61, 62, 45, 59, 119], [116, 90, 156, 198, 373, 326]], [192, 384, 384]]"
        .dropFirst())
  }

  @Test func `has as many parameters as the detector that YOLOv5 builds`() throws {
    let file = try fixture("yolov5_convnext_tiny.yaml")
    let layers = try LayerParser(file).layers
    #expect(layers.reduce(0) { $0 + $1.parameterCount } == 116_046_141)
    #expect(layers.reduce(0) { $0 + $1.tensors(under: "", file).count } == 863)
  }

  @Test func `without its multiples is refused, as it was published`() throws {
    let error = #expect(throws: YAMLError.self) {
      try fixture("yolov5_convnext_tiny_without_multiples.yaml")
    }
    #expect(error?.message.contains("depth_multiple") == true && error?.message.contains("KeyError") == true)
  }

  @Test(arguments: [(5, 0.5, 2), (7, 0.5, 4), (3, 0.33, 1), (1, 0.1, 1), (2, 0.1, 1), (9, 0.33, 3)])
  func `rounds repeats as Python does`(number: Int, multiple: Double, repeats: Int) throws {
    let text = SmallModelFile.text.replacing("depth_multiple: 0.5", with: "depth_multiple: \(multiple)")
      .replacing("[-1, 2, C3, [32]]", with: "[-1, \(number), C3, [32]]")
    let layers = try LayerParser(try ModelFile(Array(text.utf8), name: "")).layers
    #expect(layers[12].repeats == repeats)
  }

  @Test func `does not scale a width that is what Detect gives`() throws {
    // 2 anchors of 5 + 3 numbers.
    let layers = try LayerParser(try SmallModelFile.with("Conv, [32, 1, 1]", "Conv, [16, 1, 1]")).layers
    #expect(layers[4].channels == 16)
    #expect(
      try LayerParser(try SmallModelFile.with("Conv, [32, 1, 1]", "Conv, [34, 1, 1]")).layers[4].channels
        == 24)
  }

  @Test(arguments: [
    ("nc: 3", "nc: 0", "cfg.yaml:1:5", "nc is 0"),
    ("nc: 3", "nc: 4294967296", "cfg.yaml:1:5", "nc is 4294967296"),
    ("width_multiple: 0.5", "width_multiple: 1.0e+9", "cfg.yaml:3:17", "at most 100"),
    ("width_multiple: 0.5\n", "", "cfg.yaml:1:1", "KeyError: 'width_multiple'"),
    ("[9, 0, 3", "[10, 0, 3", "cfg.yaml:8:4", "it declares 10 channels"),
    ("[12, 1, 3", "[12, 2, 3", "cfg.yaml:9:4", "declares 12 channels"),
    ("[16, 2, 3", "[9, 0, 3", "cfg.yaml:10:4", "stage 0 takes 3 channels, layer 1 gives 12"),
    ("Conv, [32, 1, 1]", "Frob, [32, 1, 1]", "cfg.yaml:13:4", "the module \"Frob\" is not known"),
    ("[[-1, 2], 1", "[[-1, 8], 1", "cfg.yaml:15:4", "layer 6 reads layer 8, which comes later"),
    ("[[-1, 2], 1", "[[-1, 6], 1", "cfg.yaml:15:4", "layer 6 reads layer 6, which is itself"),
    ("[[-1, 2], 1", "[[-1, -9], 1", "cfg.yaml:15:4", "the layer 9 before it"),
    ("[[-1, 2], 1", "[[-1, 1], 1", "cfg.yaml:1:1", "it joins maps of"),
    (
      "- [10,13, 16,30]\n  - [30,61, 62,45]", "- [30,61, 62,45]\n  - [10,13, 16,30]", "cfg.yaml:5:3",
      "other order"
    ),
    ("- [10,13, 16,30]", "- [10,13, 16]", "cfg.yaml:5:3", "pairs of positive sizes"),
    ("[-1, 5, C3", "[-1, 5000, C3", "cfg.yaml:16:9", "number of repeats is 5000"),
    (
      "[-1, 7, Conv, [24", "[-1, 7, Conv, [40", "cfg.yaml:19:4", "as many channels as it takes, not 16 and 24"
    ),
    ("[None, 2, 'nearest']", "[None, 2, 'bilinear']", "cfg.yaml:14:4", "the nearest pixel"),
    (
      "[nc, anchors]", "[nc, __import__('os').system('x')]", "cfg.yaml:22:30",
      "nothing in a model file is executed"
    ),
    ("[nc, anchors]", "[nc, \"open('x')\"]", "cfg.yaml:22:30", "nothing in a model file is executed"),
    ("[[8, 12], 1", "[[8, 12, 4], 1", "cfg.yaml:22:4", "reads 3 layers, and there are anchors for 2"),
    ("[-1, 2, C3, [32]]", "[-1, 2, C3]", "cfg.yaml:21:4", "has 3 parts"),
  ])
  func `is refused where it is wrong`(old: String, new: String, place: String, words: String) throws {
    var said = ""
    do {
      let file = try SmallModelFile.with(old, new)
      _ = try DetectionModel(file: file, weights: try DetectorWeights(file, seed: 1).dict, engine: .reference)
    } catch { said = "\(error)" }
    #expect(said.contains(words), "\(said)")
    #expect(said.hasPrefix(place + ":"), "\(said)")
  }
}
