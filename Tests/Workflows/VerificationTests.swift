import SutureArchitectures
import SutureBytes
import SutureCheckpoints
import SutureModelRuntime
import SuturePictures
import SutureSurgery
import SutureTensors
import SutureText
import SutureWorkflows
import TestSupport
import Testing

@Suite struct VerificationTests {
  private static let fixture = projectFolder + "/Fixtures/convnext-atto-cifar10/"
  private let atto: Checkpoint
  private let folder: TemporaryFolder

  init() throws {
    atto = try Checkpoint.open(Self.fixture + "convnext_atto_cifar10_ema.pth")
    folder = try TemporaryFolder()
  }

  /// A file of what `steps` make of the fixture.
  private func made(_ steps: any Step...) throws -> Checkpoint {
    let path = folder.path + "/made.pth"
    let plan = try Plan(of: atto.stateDict, steps: steps)
    try CheckpointWriter.write(plan.output, to: path, WriteOptions(.pytorchZip))
    return try Checkpoint.open(path)
  }

  @Test func `a file by itself is run, and its layer scales are looked at`() throws {
    let report = try Verification(of: atto, image: .testImage(side: 64)).run()
    #expect(report.passed)
    #expect(report.checks.map(\.name) == ["finite", "layer_scale"])
    guard case .numbers(let layers, let input, _, nil) = report.checks[0].finding else {
      Issue.record("\(report.checks[0])")
      return
    }
    #expect(layers == 32 && input == [1, 3, 64, 64])
  }

  @Test func `replicas are compared with the original, bit for bit and in what they compute`() throws {
    let replicas = try made(Drop("norm*", "head*"), Replicate("model.{0..3}."))
    let report = try Verification(of: replicas, against: atto, image: .testImage(side: 64)).run()
    #expect(report.passed && report.firstDifference == nil)
    #expect(
      report.checks.map(\.name)
        == ["replicas", "finite", "feature.0", "feature.1", "feature.2", "feature.3", "layer_scale"])
    guard case .replicas(let comparison) = report.checks[0].finding else { return }
    #expect(comparison.compared == 496 && comparison.dropped.count == 4 && comparison.isAgainstOriginal)
  }

  @Test func `the first layer that differs is named`() throws {
    let changed = try made(Fill("stages.2.0.dwconv.bias", with: .constant(0.5)))
    let report = try Verification(of: changed, against: atto, image: .testImage(side: 64)).run()
    #expect(!report.passed)
    #expect(report.firstDifference?.layer == "stages.2.0.dwconv")
    #expect(report.checks.filter { !$0.passed }.map(\.name) == ["replicas", "feature.2", "feature.3"])
  }

  @Test func `outputs that PyTorch computed are met`() throws {
    let report = try Verification(
      of: atto, expecting: Checkpoint.open(Self.fixture + "image.expected.safetensors"),
      image: .tensors(Checkpoint.open(Self.fixture + "image.input.safetensors"))
    ).run()
    #expect(report.passed)
    #expect(report.checks.contains { $0.name == "feature.3" && $0.error > 0 && $0.error < 5e-6 })
  }

  @Test func `an expectation that cannot be computed says what is missing`() throws {
    let path = folder.path + "/expected.safetensors"
    var dict = StateDict()
    try dict.append("detect.raw.0", Tensor(floats: [1], shape: [1]))
    try CheckpointWriter.write(dict, to: path, WriteOptions(.safetensors))
    let verification = try Verification(
      of: atto, expecting: Checkpoint.open(path), image: .testImage(side: 64))
    let error = #expect(throws: Failure.self) { try verification.run() }
    #expect(error?.kind == .doesNotFit && error?.place.file == path)
    #expect(error?.remedies == [.setting("model", "takes the model file of the detector")])
  }

  @Test func `a picture is seen as torchvision would show it, and its likeliest classes are told`() throws {
    let picture = try Picture(path: projectFolder + "/Fixtures/Photos/chelsea.png")
    try folder.write("labels.txt", Array("plane\ncar\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n".utf8))
    var verification = try Verification(of: atto, image: .picture(picture, .classifier(size: 32)))
    verification.labels = try ClassLabels(path: folder.path + "/labels.txt")
    let classes = try verification.run().classes
    #expect(classes.count == 5 && classes.map(\.index).contains(3))
    #expect(classes.first { $0.index == 3 }?.name == "cat")
    #expect(zip(classes, classes.dropFirst()).allSatisfy { $0.probability >= $1.probability })

    try folder.write("two.json", Array(#"{"0": ["n1", "one"], "1": ["n2", "two"]}"#.utf8))
    verification.labels = try ClassLabels(path: folder.path + "/two.json")
    let error = #expect(throws: Failure.self) { try verification.run() }
    #expect(error?.kind == .usage && error?.reason == "it names 2 classes, the network tells 10 apart")
  }

  @Test func `features are drawn beside the original's`() throws {
    let alone = try Verification(of: atto, image: .testImage(side: 64)).drawFeatures()
    let both = try Verification(of: atto, against: atto, image: .testImage(side: 64)).drawFeatures()
    #expect(alone.height == both.height && both.width > alone.width)
  }

  @Test func `nothing that is no network is run`() throws {
    let error = #expect(throws: ModelError.self) {
      try Verification(of: Checkpoint.open(Self.fixture + "image.input.safetensors"))
    }
    #expect(error?.kind == .doesNotFit)
  }
}

@Suite struct `A picture as a feature map` {
  private let picture: Picture

  init() throws { picture = try Picture(path: projectFolder + "/Fixtures/Photos/chelsea.png") }

  @Test func `is cropped and normalised for a classifier`() throws {
    let map = try FeatureMap(picture)
    #expect(map.shape == [1, 3, 224, 224])
    #expect(map.values.contains { $0 < 0 } && map.values.allSatisfy { (-2.2...2.7).contains($0) })
    #expect(try FeatureMap(picture, .classifier(size: 64, resize: 64)).shape == [1, 3, 64, 64])
  }

  @Test func `is letterboxed for a detector, in 0 to 1`() throws {
    let map = try FeatureMap(picture, .detector(side: 96))
    #expect(map.shape[2] % 32 == 0 && map.shape[3] == 96)
    #expect(map.values.allSatisfy { (0...1).contains($0) })
  }

  @Test func `is taken as it is`() throws {
    let map = try FeatureMap(picture, .unscaled(isNormalized: false))
    #expect(map.shape == [1, 3, picture.height, picture.width])
    #expect(map.values[0] == Float(picture.rgb[0]) / 255)
  }
}
