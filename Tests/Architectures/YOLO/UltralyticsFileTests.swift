import SutureTensors
import SutureText
import SutureYAML
import TestSupport
import Testing

@testable import SutureArchitectures

@Suite struct `An Ultralytics model file` {
  private static let text = """
    nc: 3
    scales:
      n: [0.5, 0.25, 1024]
      s: [0.5, 0.5, 96]
      m: [1.0, 1.0, 512]
    backbone:
      - [-1, 1, Conv, [64, 3, 2]]
      - [-1, 2, C3k2, [128, False, 0.25]]
      - [-1, 1, Conv, [256, 3, 2]]
      - [-1, 6, C2f, [256, True]]
      - [-1, 1, SPPF, [256, 5]]
      - [-1, 2, C2PSA, [256]]
    head:
      - [-1, 1, nn.Upsample, [None, 2, "nearest"]]
      - [[-1, 1], 1, Concat, [1]]
      - [[7, 5], 1, Detect, [nc]]
    """

  private func file(_ old: String = "", _ new: String = "", path: String? = "yolo11n.yaml") throws
    -> ModelFile
  {
    let text = old.isEmpty ? Self.text : Self.text.replacing(old, with: new, maxReplacements: 1)
    return try ModelFile(Array(text.utf8), name: "cfg.yaml", path: path)
  }

  private func shapes(_ file: ModelFile) -> [String: [Int]] {
    Dictionary(uniqueKeysWithValues: file.expectedTensors().map { ($0.name, $0.shape) })
  }

  @Test func `is told from one of YOLOv5 by what it has`() throws {
    #expect(try file().dialect == .ultralytics)
    #expect(try ModelFile(SmallModelFile.with(), name: "").dialect == .yolov5)
  }

  @Test func `is built in the scale that its name says`() throws {
    let (nano, small) = (try file(), try file(path: "models/yolo11s.yaml"))
    #expect(shapes(nano)["model.0.conv.weight"] == [16, 3, 3, 3])
    // No more than 96 channels are declared, of which half are left.
    #expect(shapes(small)["model.2.conv.weight"] == [48, 48, 3, 3])
    #expect(nano.assumptions.isEmpty && nano.layers[3].repeats == 3)
  }

  @Test func `is built in its first scale where nothing says one, which is told`() throws {
    let unnamed = try file(path: "mine.yaml")
    #expect(try unnamed.expectedTensors() == file().expectedTensors())
    #expect(unnamed.assumptions.map(\.what) == ["scale"] && unnamed.assumptions[0].value == "n")
  }

  @Test func `says its scale by itself where it was pickled`() throws {
    let pickled = try file("nc: 3", "nc: 3\nscale: s", path: nil)
    #expect(try pickled.expectedTensors() == file(path: "yolo11s.yaml").expectedTensors())
    #expect(pickled.assumptions.isEmpty)
  }

  @Test func `needs no scales: both multiples are 1 then`() throws {
    let scales = "scales:\n  n: [0.5, 0.25, 1024]\n  s: [0.5, 0.5, 96]\n  m: [1.0, 1.0, 512]\n"
    #expect(shapes(try file(scales, "", path: "yolo11.yaml"))["model.0.conv.weight"] == [64, 3, 3, 3])
    let half = try file(scales, "width_multiple: 0.5\n", path: nil)
    #expect(shapes(half)["model.0.conv.weight"] == [32, 3, 3, 3])
  }

  @Test(arguments: [
    ("yolov8n.yaml", "n"), ("a/yolo11x-p2.yaml", "x"), ("yoloe-11s.yaml", "s"), ("yolo26l.yaml", "l"),
    ("my-yolov8m-1.yaml", "m"), ("yolov8.yaml", nil), ("yolov8q.yaml", nil), ("mine.yaml", nil),
    ("yolon.yaml", nil),
    ("yolo11n/mine.yaml", nil),
  ])
  func `has the scale of its name as Ultralytics reads it`(path: String, scale: String?) {
    #expect(ModelScale.name(inPath: path) == scale)
  }

  @Test func `of a scale may lie under the name of all scales`() throws {
    let folder = try TemporaryFolder()
    try folder.write("yolo11.yaml", Array(Self.text.utf8))
    let small = try ModelFile(path: folder.path + "/yolo11s.yaml")
    #expect(try small.expectedTensors() == file(path: "yolo11s.yaml").expectedTensors())
    #expect(throws: (any Error).self) { try ModelFile(path: folder.path + "/yolov8s.yaml") }
  }

  @Test func `has C3s in the larger scales whatever its rows say`() throws {
    #expect(shapes(try file())["model.1.m.0.cv3.conv.weight"] == nil)
    #expect(shapes(try file(path: "yolo11m.yaml"))["model.1.m.0.cv3.conv.weight"] == [32, 32, 1, 1])
    #expect(shapes(try file("128, False", "128, True"))["model.1.m.0.cv3.conv.weight"] != nil)
  }

  @Test func `has the head of YOLOv8 where no row is a C3k2`() throws {
    #expect(shapes(try file())["model.8.cv3.0.0.0.conv.weight"] == [96, 1, 3, 3])
    let old = shapes(try file("2, C3k2, [128, False, 0.25]", "2, C2f, [128]"))
    #expect(old["model.8.cv3.0.0.conv.weight"] == [96, 96, 3, 3])
    #expect(
      old["model.8.cv2.1.2.weight"] == [64, 64, 1, 1] && old["model.8.dfl.conv.weight"] == [1, 16, 1, 1])
  }

  @Test func `divides distances into as many bins as it says`() throws {
    let eight = shapes(try file("nc: 3", "nc: 3\nreg_max: 8"))
    #expect(eight["model.8.cv2.0.2.bias"] == [32] && eight["model.8.dfl.conv.weight"] == [1, 8, 1, 1])
    #expect(shapes(try file("nc: 3", "nc: 3\nreg_max: 1"))["model.8.dfl.conv.weight"] == nil)
  }

  @Test func `has a head whose biases begin where Ultralytics sets them`() throws {
    let dict = try file().initialStateDict()
    let scores = try #require(dict["model.8.cv3.1.2.bias"]).floats()
    // log(5 / 3 / (640 / 4)²)
    #expect(scores.count == 3 && scores.allSatisfy { abs($0 - -9.639522) < 1e-5 })
    #expect(try Set(#require(dict["model.8.cv2.0.2.bias"]).floats()) == [2])
    #expect(try #require(dict["model.8.dfl.conv.weight"]).floats() == (0..<16).map { Float($0) })
  }

  @Test(arguments: [
    ("nc: 3", "nc: 3\nanchors: 3", "cfg.yaml:4:3: the key \"scales\" is of an Ultralytics model file"),
    (
      "Detect, [nc]", "Detect, [nc, anchors]",
      "cfg.yaml:3:3: the key \"scales\" is of an Ultralytics model file"
    ),
    (
      "2, C2PSA, [256]", "2, ConvNeXt_Block, [256]",
      "cfg.yaml:12:5: layer 5: the module ConvNeXt_Block is of model files of YOLOv5"
    ),
    ("2, C2PSA, [256]", "2, C2PSA, [128]", "as many channels as it takes, not 64 and 32"),
    ("2, C2PSA, [256]", "2, C2PSB, [256]", "did you mean C2PSA?"),
    ("2, C2PSA, [256]", "2, C2PSA, [256, 0.5, 1]", "cfg.yaml:12:31: layer 5, C2PSA: 3 arguments, of which 2"),
    ("[256, True]", "[256, 1]", "cfg.yaml:10:24: layer 3, C2f: argument 1 is 1; True or False is needed"),
    ("[256, True]", "[256, True, 5]", "cfg.yaml:10:5: layer 3, C2f: 5 groups divide 32"),
    ("[256, 5]", "[256, 4]", "a window of 4 pixels"),
    ("Detect, [nc]", "Segment, [nc, 32, 256]", "the head of a segmentation model"),
    ("Detect, [nc]", "v10Detect, [nc]", "the head of a YOLOv10"),
    ("Detect, [nc]", "Detect, [4]", "it takes [nc]"),
    ("nc: 3", "nc: 3\nend2end: True", "cfg.yaml:2:10: a head that needs no non-maximum suppression"),
    ("n: [0.5, 0.25, 1024]", "n: [0.5, 0.25]", "cfg.yaml:3:6: a scale is [depth, width, most channels]"),
    ("  n: [0.5, 0.25, 1024]\n", "", "the scale \"n\" is asked for, and there are s, m"),
    ("nc: 3", "nc: 3\nreg_max: 1000", "reg_max is 1000"),
  ])
  func `is refused where it is wrong`(old: String, new: String, words: String) throws {
    var said = ""
    do { _ = try file(old, new) } catch { said = "\(error)" }
    #expect(said.contains(words), "\(said)")
    #expect(said.hasPrefix("cfg.yaml:"), "\(said)")
  }

  @Test(arguments: [
    ("yolov8s.yaml", true), ("a/yolo11.yaml", true), ("yolov5s.yaml", false), ("mine.yaml", false),
  ])
  func `is not one of YOLOv5 under another name`(path: String, isRefused: Bool) throws {
    var said = ""
    do { _ = try ModelFile(SmallModelFile.with(), name: path, path: path) } catch { said = "\(error)" }
    #expect(
      said.contains("it is a model file of YOLOv5, with anchors, under the name") == isRefused, "\(said)")
  }

  @Test func `has a layer scale behind attention in the scales l and x`() throws {
    let row = ("2, C2PSA, [256]", "1, A2C2f, [256, True, 4]")
    let nano = shapes(try file(row.0, row.1))
    #expect(nano["model.5.gamma"] == nil && nano["model.5.m.0.0.mlp.0.conv.weight"] == [64, 32, 1, 1])
    let text = Self.text.replacing(row.0, with: row.1).replacing("n: [0.5", with: "l: [0.5")
    let scaled = try ModelFile(Array(text.utf8), name: "cfg.yaml", path: "yolo12l.yaml")
    #expect(shapes(scaled)["model.5.gamma"] == [64])
    #expect(shapes(scaled)["model.5.m.0.1.mlp.0.conv.weight"] == [38, 32, 1, 1])
    let asked = try file(row.0, "1, A2C2f, [256, True, 4, True]")
    #expect(shapes(asked)["model.5.gamma"] == [64])
    var said = ""
    do {
      _ = try ModelFile(
        Array(text.replacing("True, 4]", with: "True]").utf8), name: "cfg.yaml", path: "yolo12l.yaml")
    } catch { said = "\(error)" }
    #expect(said.contains("for which there must be three, not 2"), "\(said)")
  }

  @Test func `takes no number of anchors`() throws {
    let error = #expect(throws: Failure.self) {
      try ModelFile(Array(Self.text.utf8), name: "cfg.yaml", anchors: 3)
    }
    #expect(error?.kind == .usage)
  }

  @Test func `that names a ConvNeXt by itself is told how it may stand there`() throws {
    let error = #expect(throws: YAMLError.self) {
      try file("[-1, 1, SPPF, [256, 5]]", "[-1, 1, convnextv2_atto, []]")
    }
    let said = error.map { "\($0)" } ?? ""
    #expect(said.contains("\"convnextv2_atto\" is not known"))
    #expect(said.contains("a ConvNeXt stands in such a file as [-1, 1, TorchVision, ["), "\(said)")
    #expect(said.contains(" or [-1, 1, Timm, ["), "\(said)")
  }

  @Test func `of YOLOv5 cannot name a module of Ultralytics alone`() throws {
    var said = ""
    do {
      _ = try ModelFile(SmallModelFile.with("C3, [40, False]", "C2f, [40, False]"), name: "cfg.yaml")
    } catch {
      said = "\(error)"
    }
    #expect(
      said.contains("cfg.yaml:16:4: layer 7: the module C2f is of model files of Ultralytics"), "\(said)")
  }
}
