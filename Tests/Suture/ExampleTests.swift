import Suture
import TestSupport
import Testing

/// What the articles of the documentation and the README say must compile with one import, and be true.
@Suite struct `The examples of the documentation` {
  /// What the examples call a file or a number, and what it is called here.
  private static let words = [
    ("\"convnext_tiny_1k_224_ema.pth\"", "convnext"), ("\"backbone.pth\"", "backbone"),
    ("\"yolov5.pt\"", "detectorFile"), ("\"model.pth\"", "convnext"),
    ("\"model.safetensors\"", "safetensors"), ("712", "496"),
    ("\"yolov5_ConvNeXt_Tiny.yaml\"", "modelFile"),
    ("\"chelsea.png\"", "chelsea"), ("\"labels.txt\"", "labels"),
    ("\"converted\"", "converted"), ("\"detector.pth\"", "detector"),
    ("\"model.html\"", "pagePath"),
    ("\"expected.safetensors\"", "expectedOutputs"), ("\"input.safetensors\"", "networkInput"),
  ]

  private let folder: TemporaryFolder
  private let convnext = projectFolder + "/Fixtures/convnext-atto-cifar10/convnext_atto_cifar10_ema.pth"
  private let modelFile = projectFolder + "/Fixtures/YOLOv5/yolov5_convnext_tiny.yaml"
  private let chelsea = projectFolder + "/Fixtures/Photos/chelsea.png"
  private let expectedOutputs =
    projectFolder + "/Fixtures/convnext-atto-cifar10/image.expected.safetensors"
  private let networkInput = projectFolder + "/Fixtures/convnext-atto-cifar10/image.input.safetensors"
  private let (backbone, safetensors): (String, String)

  init() throws {
    folder = try TemporaryFolder()
    (backbone, safetensors) = (folder.path + "/backbone.pth", folder.path + "/model.safetensors")
  }

  @Test func `the mission`() throws {
    let checkpoint = try Checkpoint.open(convnext)
    let surgery = Surgery {
      Drop("norm*", "head*")
      Replicate("model.{0..3}.")
    }
    let plan = try surgery.plan(for: checkpoint.stateDict, expecting: 496)
    try CheckpointWriter.write(plan.output, to: backbone, WriteOptions(.pytorchZip))

    let proven = try proof(checkpoint)
    #expect(proven.passed)

    let written = try Checkpoint.open(backbone).stateDict
    #expect(written.count == 496 && written.storages.count == 124)
    #expect(plan.accounting.dropped == ["norm.weight", "norm.bias", "head.weight", "head.bias"])

    let detectorFile = backbone
    let detector = try Checkpoint.open(detectorFile)
    let graft = try Graft(plan.output, onto: detector.stateDict)
    print(graft.replaced.count, graft.stayed.count)
    #expect(graft.replaced.count == 496 && graft.stayed.isEmpty)

    let fourChannels = Surgery {
      AdaptInput("downsample_layers.0.0.weight", channels: 4)
      surgery
    }
    let four = try fourChannels.plan(for: checkpoint.stateDict).output
    #expect(four["model.3.downsample_layers.0.0.weight"]?.shape[1] == 4)
  }

  private func proof(_ checkpoint: Checkpoint) throws -> VerificationReport {
    let backbone = try Checkpoint.open(backbone)
    let report = try Verification(of: backbone, against: checkpoint).run()
    print(report.passed, report.checks.map(\.name))
    return report
  }

  @Test func `proving it`() throws {
    try CheckpointWriter.write(
      Checkpoint.open(convnext).stateDict, to: backbone, WriteOptions(.pytorchZip))
    let classes = "plane car bird cat deer dog frog horse ship truck".split(separator: " ")
    try folder.write("labels.txt", Array(classes.joined(separator: "\n").utf8))
    try proving(backbone: backbone, labels: folder.path + "/labels.txt")
  }

  private func proving(backbone: String, labels: String) throws {
    let original = try Checkpoint.open(convnext)
    let backbone = try Checkpoint.open(backbone)
    let report = try Verification(of: backbone, against: original).run()
    for check in report.checks { print(check.name, check.passed, check.error) }
    if let difference = report.firstDifference { print(difference.layer, difference.error) }
    #expect(report.passed)

    let expected = try Checkpoint.open(expectedOutputs)
    let input = try Checkpoint.open(networkInput)
    let known = try Verification(of: original, expecting: expected, image: .tensors(input)).run()

    let photograph = try Picture(path: chelsea)
    var seeing = try Verification(of: original, image: .picture(photograph, .classifier(size: 224)))
    seeing.labels = try ClassLabels(path: labels)
    for score in try seeing.run().classes { print(score.name ?? "\(score.index)", score.probability) }
    let drawing = try seeing.drawFeatures().png()
    #expect(known.passed && drawing.starts(with: [0x89, 0x50, 0x4E, 0x47]))

    let check = try LoadCheck(of: backbone, into: original)
    print(check.passed, check.report.missing, check.advice?.repairs ?? [])

    let model = try ModelFile(path: modelFile)
    let fit = try ModelLoadCheck(of: backbone, into: model)
    print(fit.report.loaded.count, fit.initialBackbone)
    #expect(check.passed && !fit.passed)
  }

  @Test func `reading and writing`() throws {
    let checkpoint = try Checkpoint.open(convnext)
    var options = WriteOptions(.safetensors)
    options.shared = .alias
    let writer = CheckpointWriter(.file(safetensors), options)
    let plan = try writer.plan(checkpoint.stateDict)
    print(plan.tensorCount, plan.byteCount)
    try writer.write(plan)
    #expect(plan.tensorCount == 128)
  }

  @Test func `from file to file`() throws {
    let (converted, pagePath) = (folder.path, folder.path + "/model.html")
    let (detectorFile, detector) = (backbone, folder.path + "/detector.pth")

    var request = WriteRequest(to: safetensors)
    request.dtype = .float16
    request.keptDTypes = ["norm*"]
    request.shared = .alias
    request.proves = true
    let written = try Conversion(of: convnext, request).run()
    print(written.tensorCount, written.byteCount)
    let stateDict = try Checkpoint.open(safetensors).stateDict
    #expect(stateDict["norm.weight"]?.dtype == .float32 && stateDict["head.weight"]?.dtype == .float16)

    let page = try CheckpointPage(of: Checkpoint.open(convnext))
    try page.write(to: pagePath, replacing: true)
    #expect(page.features != nil && page.statistics.count == 128)

    let all = try Batch(of: [convnext], into: converted, like: Conversion(of: "", WriteRequest(to: "")))
    for file in try all.run() { print(file.input, file.output, file.outcome) }
    #expect(folder.names.contains("convnext_atto_cifar10_ema.safetensors"))

    var editing = Editing(of: convnext, WriteRequest(to: backbone))
    editing.steps = [Drop("norm*", "head*"), Replicate("model.{0..3}.")]
    editing.expectation.output = 496
    for report in try editing.prepare().plan.reports { print(report.summary) }
    let edited = try editing.run()
    print(edited.plan.accounting.dropped)
    #expect(edited.plan.accounting.dropped.count == 4)

    let grafted = try Grafting(backbone, onto: detectorFile, WriteRequest(to: detector)).run()
    print(grafted.graft.replaced.count, grafted.graft.stayed.count)
    #expect(grafted.graft.stayed.isEmpty)
  }

  @Test func `tensors`() throws {
    let weights = try Checkpoint.open(convnext).stateDict
    let gamma = weights["stages.0.0.gamma"]!
    print(gamma.dtype, gamma.shape, gamma.strides, gamma.offset)
    print(try gamma.floats().prefix(4))

    var dict = StateDict()
    try dict.append("scale", Tensor(floats: [1, 2, 3, 4, 5, 6], shape: [2, 3]))
    try dict.append("scale.T", dict["scale"]!.permuted([1, 0]))
    print(dict.aliases)
    #expect(dict.aliases == [["scale", "scale.T"]])
  }

  @Test func `running networks`() throws {
    let image = try FeatureMap(Picture(path: chelsea))
    let checkpoint = try Checkpoint.open(convnext)
    let network = try ConvNeXt(checkpoint.stateDict)
    let features = try network.features(image)
    let scores = try network(image)
    #expect(features.map(\.height) == [56, 28, 14, 7] && scores.channels == 10)

    var settings = NetworkSettings()
    settings.layerNormEpsilon = 1e-5
    settings.activation = Activation("gelu_pytorch_tanh")
    let cautious = try RunnableNetwork(of: checkpoint, settings: settings)
    for assumed in cautious.assumptions { print(assumed.what, assumed.value, assumed.because) }
    #expect(cautious.assumptions.isEmpty && settings.activation == .geluTanh)
  }

  @Test func `running detectors`() throws {
    // A detector of zeros, whose tensors lie on one storage.
    let expected = try ModelFile(path: modelFile).expectedTensors()
    let largest = expected.map { $0.shape.reduce(8, *) }.max() ?? 0
    let zeros = Storage([UInt8](repeating: 0, count: largest))
    let stateDict = try StateDict(
      expected.map { .init(name: $0.name, tensor: try Tensor(zeros, dtype: $0.dtype, shape: $0.shape)) })
    let (checkpoint, image) = ((stateDict: stateDict, path: ""), try FeatureMap.testImage(size: 64))

    let file = try ModelFile(path: modelFile)
    let detector = try DetectionModel(file: file, weights: checkpoint.stateDict)
    print(detector.table)
    let boxes = try detector.outputs(["detect.decoded"], of: image)

    let letterboxed = try FeatureMap(Picture(path: chelsea), .detector(side: 640))
    let tiny = try FeatureMap(nchw: [[[[0.1, 0.2], [0.3, 0.4]]]])
    print(letterboxed.shape, tiny.shape)
    #expect(letterboxed.shape == [1, 3, 448, 640] && tiny.shape == [1, 1, 2, 2])
    #expect(boxes.map(\.name) == ["detect.decoded"])
  }

  // MARK: The words

  @Test func `stand in the tests above, word for word`() throws {
    let code = try Self.lines(of: #filePath).joined(separator: "\n")
    let catalogue = projectFolder + "/Sources/Suture/Suture.docc/"
    let pages = names(in: catalogue) + names(in: catalogue + "Guides").map { "Guides/" + $0 }
    let articles = pages.filter { $0.hasSuffix(".md") && Self.outside[$0] == nil }.map { catalogue + $0 }
    #expect(articles.count > 5)
    for article in articles + [projectFolder + "/README.md"] {
      for example in try Self.examples(in: article) where !code.contains(example) {
        Issue.record("\(article) has an example that is not tested:\n\(example)")
      }
    }
  }

  /// Pages whose code is that of a package outside, which `.ci/outside` builds and runs.
  private static let outside = [
    "ConvertOnAServer.md": [
      "Sources/ConvertOnAServer/Conversions.swift", "Sources/ConvertOnAServer/main.swift",
    ],
    "InspectInMemory.md": ["Sources/InspectInMemory/main.swift"],
    "VerifyInATest.md": ["Tests/VerifyInATest/BackboneTests.swift"],
  ]

  @Test func `of the package outside are its files`() throws {
    for (page, files) in Self.outside {
      let text = try text(of: projectFolder + "/Sources/Suture/Suture.docc/" + page)
      for file in files {
        let code = try TestSupport.text(of: projectFolder + "/Tests/Outside/" + file)
        #expect(text.contains("```swift\n\(code)```\n"), "\(page) has other code than \(file)")
      }
      #expect(text.ranges(of: "```swift").count == files.count)
    }
  }

  /// The blocks of Swift code in a text, as the tests have them.
  private static func examples(in path: String) throws -> [String] {
    var examples: [String] = []
    var block: [String]?
    for line in try lines(of: path) {
      if line.hasPrefix("```") {
        if let found = block { examples.append(found.joined(separator: "\n")) }
        block = line == "```swift" ? [] : nil
      } else if !line.hasPrefix("import ") {
        block?.append(words.reduce(line) { $0.replacing($1.0, with: $1.1) })
      }
    }
    return examples
  }

  /// The lines of a file without comments, empty lines, and the indentation of a test.
  private static func lines(of path: String) throws -> [String] {
    try text(of: path).split(separator: "\n").map { line in
      let code = line.hasPrefix("    ") ? line.dropFirst(4) : line
      let end = code.firstRange(of: " //")?.lowerBound ?? code.endIndex
      return String(code[..<end].reversed().drop { $0 == " " }.reversed())
    }
  }
}
