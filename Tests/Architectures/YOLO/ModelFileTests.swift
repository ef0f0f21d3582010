import SutureText
import SutureYAML
import TestSupport
import Testing

@testable import SutureArchitectures

@Suite struct `A model file` {
  private func fixture(_ name: String) throws -> ModelFile {
    try ModelFile(path: "\(projectFolder)/Fixtures/YOLOv5/\(name)")
  }

  /// What YOLOv5 v7.0 prints for the same file, but for the blanks at the ends of lines.
  @Test func `is shown as YOLOv5 shows it`() throws {
    let table = try fixture("yolov5_convnext_tiny.yaml").table()
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
    #expect(file.layers.reduce(0) { $0 + $1.parameterCount } == 116_046_141)
    #expect(file.expectedTensors().count == 863)
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
    let layers = try ModelFile(Array(text.utf8), name: "").layers
    #expect(layers[12].repeats == repeats)
  }

  @Test func `does not scale a width that is what Detect gives`() throws {
    // 2 anchors of 5 + 3 numbers.
    for (declared, given) in [(16, 16), (34, 24)] {
      let bytes = SmallModelFile.with("Conv, [32, 1, 1]", "Conv, [\(declared), 1, 1]")
      #expect(try ModelFile(bytes, name: "").layers[4].module.channels == given)
    }
  }

  @Test(
    arguments: [
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
      ("[[-1, 2], 1", "[[], 1", "cfg.yaml:15:4", "reads no layer"),
      ("[[-1, 2], 1", "[[-1, -9], 1", "cfg.yaml:15:4", "the layer 9 before it"),
      (
        "[[-1, 2], 1", "[[-1, 1], 1", "cfg.yaml:15:4",
        "it joins maps of different sizes, of strides 16.0 and 8.0"
      ),
      ("[None, 2, 'nearest']", "[None, 64, 'nearest']", "cfg.yaml:15:4", "of strides"),
      ("[[8, 12], 1, Detect", "[[8, 12], 4, Detect", "cfg.yaml:22:4", "it takes [nc, anchors]"),
      (
        "- [10,13, 16,30]\n  - [30,61, 62,45]", "- [30,61, 62,45]\n  - [10,13, 16,30]", "cfg.yaml:5:3",
        "other order"
      ),
      ("- [10,13, 16,30]", "- [10,13, 16]", "cfg.yaml:5:3", "pairs of positive sizes"),
      ("[-1, 5, C3", "[-1, 5000, C3", "cfg.yaml:16:9", "number of repeats is 5000"),
      (
        "[-1, 7, Conv, [24", "[-1, 7, Conv, [40", "cfg.yaml:19:4",
        "as many channels as it takes, not 16 and 24"
      ),
      ("[None, 2, 'nearest']", "[None, 2, 'trilinear']", "cfg.yaml:14:35", "bilinear or bicubic"),
      (
        "[nc, anchors]", "[nc, __import__('os').system('x')]", "cfg.yaml:22:30",
        "nothing in a model file is executed"
      ),
      ("[nc, anchors]", "[nc, \"open('x')\"]", "cfg.yaml:22:30", "nothing in a model file is executed"),
      ("[[8, 12], 1", "[[8, 12, 4], 1", "cfg.yaml:22:4", "reads 3 layers, and there are anchors for 2"),
      ("[-1, 2, C3, [32]]", "[-1, 2, C3]", "cfg.yaml:21:4", "has 3 parts"),
      ("C3, [40, False]", "C33, [40, False]", "cfg.yaml:16:4", "did you mean C3?"),
      (
        "C3, [40, False]", "Segment, [nc, anchors, 32, 256]", "cfg.yaml:16:4",
        "the head of a segmentation model"
      ),
      ("C3, [40, False]", "Classify, [nc]", "cfg.yaml:16:4", "can be inspected, converted, edited"),
    ] + Self.wrongArguments)
  func `is refused where it is wrong`(old: String, new: String, place: String, words: String) throws {
    var said = ""
    do { _ = try ModelFile(SmallModelFile.with(old, new), name: "cfg.yaml") } catch { said = "\(error)" }
    #expect(said.contains(words), "\(said)")
    #expect(said.hasPrefix(place + ":"), "\(said)")
  }

  /// Rows in the place of line 16, and where in it they are wrong.
  private static let wrongArguments: [(String, String, String, String)] = [
    ("Conv, [32, 3, 1, None, 1, 1, True, 9]", 47, "8 arguments, of which 7 are supported"),
    ("Conv, ['a']", 19, "argument 0 is 'a'; a whole number from 1 to 65536 is needed"),
    ("Conv, [32, 0]", 23, "argument 1 is 0"), ("Conv, []", 4, "argument 0 is missing"),
    ("Conv, [32, 3, 1, None, 5]", 4, "5 groups divide 32 and 16 channels with a rest"),
    ("C3, [40, 1]", 21, "argument 1 is 1; True or False is needed"),
    ("C3, [48, True, 5]", 4, "5 groups divide 12 and 12 channels with a rest"),
    ("C3TR, [48, True, 1, 0.25]", 4, "4 heads divide 6 channels with a rest"),
    ("C3SPP, [40, [5, 8]]", 4, "a window of 8 pixels"),
    ("SPP, [40, 5]", 22, "a list of 1 to 8 whole numbers"),
    ("SPPF, [40, 4]", 4, "a window of 4 pixels"),
    ("GhostConv, [48, 3, 1, 5]", 4, "5 groups divide 32 and 12"),
    ("GhostBottleneck, [48, 3, 3]", 37, "argument 2 is 3; a whole number from 1 to 2"),
    ("GhostBottleneck, [48, 3, 1]", 4, "its input of 32 channels is added to 24"),
    ("C3Ghost, [48, True, 1, 0.125]", 4, "it halves 3 channels"),
    ("MixConv2d, [2, [1, 3, 5, 7, 9, 11, 13, 15, 17]]", 27, "a list of 1 to 8 whole numbers"),
    ("MixConv2d, [16, [1, 63], 1, False]", 4, "would give [16, 0] of its 16 channels"),
    ("MixConv2d, [48, [2, 3], 1]", 4, "maps of different sizes"),
    ("CrossConv, [64, 3, 2, 1, 1.0, True]", 4, "its input has another size"),
    ("CrossConv, [64, 3, 1, 5]", 4, "5 groups divide"),
    ("Focus, [64, 3, 1, None, 5]", 4, "5 groups divide 128 and 32"),
    ("Contract, [3]],\n   [-1, 1, Conv, [48]", 4, "does not divide"),
    ("Expand, [5]", 4, "32 channels are not 5×5 times as many"),
    ("Contract, []", 4, "argument 0 is missing"),
    ("BottleneckCSP, [48, False, 5]", 4, "5 groups divide 12 and 12"),
    ("nn.MaxPool2d, [2, 2, 2]", 4, "more than half of its kernel"),
    ("nn.Upsample, [None, 2, 'lanczos']", 35, "the mode nearest, bilinear or bicubic"),
    ("nn.Upsample, [None, 2, 'nearest', True]", 4, "align_corners goes with"),
    ("nn.MaxPool2d, [2, 2, 0, 2]", 36, "dilation 1"), ("nn.MaxPool2d, [64]", 27, "argument 0 is 64"),
    ("nn.ZeroPad2d, [[1, 0]]", 27, "or a list of 4"),
    ("nn.ZeroPad2d, [[1, 0, 0, 0]]", 4, "makes a square image none"),
    ("nn.ConvTranspose2d, [32, 2, 2, 0, 2]", 4, "not less than its stride"),
    ("nn.ConvTranspose2d, [48, 2, 1, 40]", 4, "nothing is left behind its padding"),
    ("nn.ConvTranspose2d, [32, 2, 2, 0, 0, 5]", 4, "5 groups divide"),
    ("DWConvTranspose2d, [32, 2, 2, 0, 5]", 4, "not less than its stride"),
    ("nn.SiLU, [1]", 22, "1 arguments, of which 0 are supported"),
    ("Conv, [65536]],\n   [-1, 1, Conv, [65536, 63]", 4, "parameters"),
    ("Conv, [200000]", 19, "argument 0 is 200000"),
  ].map { row, column, words in
    let isHuge = row.contains("65536")
    return (
      isHuge ? "Conv, [32, 1, 1]" : "[-1, 5, C3, [40, False]", isHuge ? row : "[-1, 1, " + row,
      "cfg.yaml:\(isHuge ? 14 : 16):\(column)", words
    )
  }

  @Test func `of very many repeats is refused before they are made`() throws {
    let rows = String(repeating: "[-1, 1000, C3, [40]],\n   ", count: 20)
    let text = SmallModelFile.text.replacing("depth_multiple: 0.5", with: "depth_multiple: 100")
      .replacing("[-1, 5, C3, [40, False]],", with: rows)
    let error = #expect(throws: YAMLError.self) { try ModelFile(Array(text.utf8), name: "") }
    #expect(error?.message.contains("more than 10000 modules") == true)
  }

  /// What YOLOv5 7.0 counts for them.
  @Test(arguments: [
    ("Conv, [32, 3, 2, None, 1, 2, False]", 5598),
    ("GhostConv, [32, 3, 2, 2, False]", 2542),
  ])
  func `has as many parameters as its modules`(row: String, count: Int) throws {
    let text = """
      nc: 2
      depth_multiple: 1.0
      width_multiple: 1.0
      anchors:
        - [10, 13, 16, 30]
      backbone:
        [[-1, 1, Conv, [16, 3, 2]]]
      head: [[-1, 1, \(row)], [[-1], 1, Detect, [nc, anchors]]]
      """
    let file = try ModelFile(Array(text.utf8), name: "")
    #expect(file.layers.reduce(0) { $0 + $1.parameterCount } == count)
  }

  @Test func `takes a number of anchors, and gives each level so many that only hold the place`() throws {
    let text = SmallModelFile.text.replacing(
      "anchors:\n  - [10,13, 16,30]\n  - [30,61, 62,45]", with: "anchors: 3")
    let file = try ModelFile(Array(text.utf8), name: "")
    #expect(file.header.anchors == [[0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5]])
    let expected = Dictionary(uniqueKeysWithValues: file.expectedTensors().map { ($0.name, $0.shape) })
    #expect(expected["model.13.anchors"] == [2, 3, 2] && expected["model.13.m.0.bias"] == [24])
    #expect(throws: YAMLError.self) {
      try ModelFile(Array(text.replacing("anchors: 3", with: "anchors: 0").utf8), name: "")
    }
  }

  @Test func `takes the number of classes from who asks, also where that spares a width its multiple`() throws
  {
    // 32 is na · (nc + 5) for nc 11: YOLOv5 does not scale such a width.
    let file = try ModelFile(SmallModelFile.with(), name: "", classes: 11)
    #expect(file.header.classes == 11)
    let shapes = Dictionary(uniqueKeysWithValues: file.expectedTensors().map { ($0.name, $0.shape) })
    #expect(shapes["model.4.conv.weight"] == [32, 20, 1, 1] && shapes["model.13.m.0.bias"] == [32])
    #expect(throws: Failure.self) { try ModelFile(SmallModelFile.with(), name: "", classes: 0) }
  }

  @Test(arguments: [
    "nn.ReLU()", "nn.LeakyReLU(0.1, inplace=True)", "torch.nn.Hardswish()", "nn.Softmax()", "Frob()",
  ])
  func `says what its convolutions end in, on which no name depends`(text: String) throws {
    let file = try ModelFile(SmallModelFile.with("nc: 3", "nc: 3\nactivation: \"\(text)\""), name: "")
    #expect(
      file.header.activation == ModuleActivation(className: text, activation: Activation(call: text)))
    #expect(try file.expectedTensors() == ModelFile(SmallModelFile.with(), name: "").expectedTensors())
    let isKnown = Activation(call: text) != nil
    #expect(file.assumptions.map(\.value) == (isKnown ? [] : [text]))
  }

  @Test(arguments: ["", " null", " ''"])
  func `says nothing of them where it names none, as YOLOv5 takes it`(text: String) throws {
    let file = try ModelFile(SmallModelFile.with("nc: 3", "nc: 3\nactivation:\(text)"), name: "")
    #expect(file.header.activation == nil && file.assumptions.isEmpty)
  }

  @Test func `is refused where its activation has weights in each convolution`() throws {
    let error = #expect(throws: YAMLError.self) {
      try ModelFile(SmallModelFile.with("nc: 3", "nc: 3\nactivation: nn.PReLU()"), name: "cfg.yaml")
    }
    #expect(
      error.map { "\($0)" }?.hasPrefix("cfg.yaml:2:13: nn.PReLU() has a weight") == true,
      "\(error.map { "\($0)" } ?? "")")
  }

  @Test func `takes the number of anchors from who asks, as Model's own argument has it`() throws {
    let file = try ModelFile(SmallModelFile.with(), name: "", anchors: 4)
    let same = try ModelFile(
      Array(
        SmallModelFile.text.replacing("anchors:\n  - [10,13, 16,30]\n  - [30,61, 62,45]", with: "anchors: 4")
          .utf8),
      name: "")
    #expect(file.header.anchors == .init(repeating: [0, 1, 2, 3, 4, 5, 6, 7], count: 2))
    #expect(file.expectedTensors() == same.expectedTensors())
    #expect(throws: Failure.self) { try ModelFile(SmallModelFile.with(), name: "", anchors: 0) }
    #expect(throws: Failure.self) { try ModelFile(SmallModelFile.with(), name: "", anchors: 33) }
  }

  @Test(arguments: [(8, [24, 16]), (16, [32, 16]), (1, [17, 12])])
  func `rounds widths up to the multiple that it says`(multiple: Int, widths: [Int]) throws {
    // 34 · 0.5 and 24 · 0.5.
    let text = SmallModelFile.text.replacing("nc: 3", with: "nc: 3\nchannel_multiple: \(multiple)")
      .replacing("Conv, [32, 1, 1]", with: "Conv, [34, 1, 1]").replacing(
        "[24, 3, 2, None, 4]", with: "[24, 3, 2]")
    let layers = try ModelFile(Array(text.utf8), name: "").layers
    #expect([layers[4].module.channels, layers[9].module.channels] == widths)
  }

  @Test(arguments: ["0.1", "0", "1", "0.0"])
  func `takes the rate of blocks that training leaves out, which changes no name`(rate: String) throws {
    let file = try ModelFile(
      SmallModelFile.with("[9, 12, 16, 20]]]", "[9, 12, 16, 20], \(rate)]]"), name: "")
    #expect(try file.expectedTensors() == ModelFile(SmallModelFile.with(), name: "").expectedTensors())
    for wrong in ["-0.1", "1.5", "x"] {
      #expect(throws: YAMLError.self) {
        try ModelFile(SmallModelFile.with("[9, 12, 16, 20]]]", "[9, 12, 16, 20], \(wrong)]]"), name: "")
      }
    }
  }

  @Test func `says which stage each of its blocks runs, at whichever layer it stands`() throws {
    #expect(
      try ModelFile(SmallModelFile.with(), name: "").stages(under: "module.") == [
        ExactString("module.model.0."): 0, ExactString("module.model.1."): 1,
        ExactString("module.model.2."): 2,
        ExactString("module.model.3."): 3,
      ])
    let moved = try ModelFile(SmallModelFile.shifted, name: "")
    #expect(
      moved.stages() == [
        ExactString("model.1."): 0, ExactString("model.2."): 1, ExactString("model.4."): 2,
        ExactString("model.5."): 3,
      ])
    let read = moved.expectedTensors().filter { $0.isBackbone && $0.isRead }.map(\.name)
    #expect(read.contains("model.4.stages.2.0.gamma") && !read.contains("model.4.stages.0.0.gamma"))
    #expect(!read.contains("model.2.stages.2.0.gamma"))
  }

  @Test func `follows the sizes of its maps as YOLOv5 does`() throws {
    #expect(try ModelFile(SmallModelFile.with(), name: "").strides == [16, 32])
    #expect(try fixture("yolov5_convnext_tiny.yaml").strides == [8, 16, 32])
  }

  @Test func `refuses maps that would grow beyond measure`() throws {
    let text = SmallModelFile.text.replacing(
      "[-1, 1, nn.Upsample, [None, 2, 'nearest']],",
      with: String(repeating: "[-1, 1, nn.Upsample, [None, 64, 'nearest']],", count: 20))
    let error = #expect(throws: YAMLError.self) { try ModelFile(Array(text.utf8), name: "") }
    #expect(error.map { "\($0)" }?.contains("longer than 16384 pixels") == true)
  }

  @Test func `counts the parameters of very many repeats without listing them`() throws {
    let text = SmallModelFile.text.replacing("depth_multiple: 0.5", with: "depth_multiple: 9")
      .replacing("[-1, 2, C3, [32]]", with: "[-1, 1000, C3, [32]]")
    let layer = try ModelFile(Array(text.utf8), name: "").layers[12]
    #expect(layer.repeats == 9000 && layer.parameterCount > 1_000_000)
  }
}

@Suite struct `A module` {
  @Test(arguments: YOLOModules.all.indices)
  func `has an example that is a row of it`(index: Int) throws {
    let type = YOLOModules.all[index]
    let row = try YAML.parse(Array(type.example.utf8), name: "").requireSequence()
    #expect(row.count == 4)
    #expect(try row[2].requireString() == type.name)
    #expect(try row[3].requireSequence().count <= type.arguments.count)
    #expect(!type.summary.isEmpty && !type.summary.hasSuffix("."))
  }
}
