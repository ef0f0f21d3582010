internal import Bytes
internal import Checkpoints
internal import JSON
internal import ModelRuntime
internal import Tensors

struct Verify: Command {
  static let name = "verify"
  static let summary =
    "Run the network: prove that weights survived surgery, or compare with PyTorch's outputs."
  static let details = """
    With --against, FILE is what surgery made of ORIGINAL: whole backbones under prefixes such as model.0. to model.3.,
    or one of them. Every replica is compared bit for bit; then both run, stage by stage, on one image.

    With --expect, the tensors of REFERENCE are compared by name: feature.0 to feature.3, pooled, logits. All are
    N×C×H×W as in PyTorch. The error is the largest difference over the reference tensor's largest magnitude. X holds
    the image as "normalized", or as its only tensor.
    """

  static var arguments: [Argument<Self>] {
    [
      .operand("FILE", "The checkpoint to verify.", \.file),
      .option("against", "ORIGINAL", "The checkpoint that FILE was made from.", \.against),
      .option("expect", "REFERENCE", "Outputs to compare with, as safetensors or .pth.", \.reference),
      .option("input", "X", "The normalised image that the network is given.", \.input),
      .option(
        "tolerance", "E", "How far from REFERENCE an output may be; 5e-6 where not given.", \.toleranceText),
      .option(
        "size", "N", "The test image is N×N where --input is not given; 224 by default.", \.sizeText),
      .option("engine", "ENGINE", "onednn, or reference for plain loops.", \.engineName),
      .option("key", "PATH", "The dict to take from FILE instead of the one found.", \.key),
      .limit(\.limits),
      .flag("json", "Print JSON.", \.json),
    ]
  }

  var file = ""
  var against: String?
  var reference: String?
  var input: String?
  var toleranceText: String?
  var sizeText: String?
  var engineName: String?
  var key: String?
  var limits = ReadLimits()
  var json = false

  mutating func run() throws -> ExitCode {
    guard against != nil || reference != nil else {
      throw UsageError("say what to compare with: --against ORIGINAL, or --expect REFERENCE --input X")
    }
    if reference != nil, input == nil {
      throw UsageError("--expect needs --input X, the image that REFERENCE is of")
    }
    let tolerance = try number(toleranceText, "--tolerance") ?? 5e-6
    guard let engine = EngineKind(rawValue: engineName ?? EngineKind.oneDNN.rawValue) else {
      throw UsageError(
        "there is no engine \"\(engineName ?? "")\"", hints: ["onednn and reference are known"])
    }
    let checkpoint = try Checkpoint.open(file, key: key, limits: limits)
    Notes.opened(checkpoint)
    try checkpoint.requireTensors()
    let network = try Network(checkpoint.stateDict, engine: engine)
    Console.note("       \(network.description)")

    var report = VerifyReport()
    if let against {
      let original = try Checkpoint.open(against, limits: limits)
      Notes.opened(original)
      try original.requireTensors()
      try compare(network, with: original, engine, &report)
    }
    if let reference { try compare(network, withOutputs: reference, tolerance, &report) }
    try Console.print(json ? JSONWriter.text(report.json, style: .pretty) + "\n" : report.text)
    if !report.passed { Console.error("\(file) does not hold what it should: \(report.firstFailure)") }
    return report.passed ? .done : .negative
  }

  private func number(_ text: String?, _ option: String) throws -> Double? {
    guard let text else { return nil }
    guard let value = Double(text), value.isFinite, value >= 0 else {
      throw UsageError("\(option) takes a number, not \"\(text)\"")
    }
    return value
  }

  // MARK: Against the original

  private func compare(
    _ network: Network, with original: Checkpoint, _ engine: EngineKind, _ report: inout VerifyReport
  ) throws {
    guard let prefix = ConvNeXtConfiguration.prefixes(in: original.stateDict).first else {
      _ = try ConvNeXtConfiguration(inferredFrom: original.stateDict)
      return
    }
    let replicas = try ReplicaComparison(of: network.dict, network.prefixes, with: original.stateDict, prefix)
    report.add(replicas)

    let backbone = try ConvNeXt(original.stateDict, prefix: prefix, engine: engine)
    let image = try testImage(backbone.configuration)
    let truth = try backbone.features(image)
    let result = try network.features(image)
    for (index, (ours, theirs)) in zip(result, truth).enumerated() {
      report.addFeature("feature.\(index)", ours, theirs, tolerance: 0)
    }
  }

  private func testImage(_ configuration: ConvNeXtConfiguration) throws -> FeatureMap {
    if let input { return try image(in: input) }
    guard configuration.inputChannels == 3 else {
      throw UsageError(
        "the network takes \(configuration.inputChannels) channels: give an image with --input")
    }
    guard let size = sizeText.map({ Int($0) }) ?? 224, (32...8192).contains(size) else {
      throw UsageError("--size takes a whole number from 32 to 8192")
    }
    return try FeatureMap.testImage(size: size)
  }

  private func image(in path: String) throws -> FeatureMap {
    let checkpoint = try Checkpoint.open(path, limits: limits)
    let dict = checkpoint.stateDict
    guard let tensor = dict["normalized"] ?? (dict.count == 1 ? dict.entries[0].tensor : nil) else {
      throw CheckpointError(
        path, "there is no tensor \"normalized\", and not just one tensor",
        hints: ["it holds: \(dict.names.prefix(8).joined(separator: ", "))"])
    }
    return try FeatureMap(nchw: tensor)
  }

  // MARK: With given outputs

  private func compare(
    _ network: Network, withOutputs path: String, _ tolerance: Double, _ report: inout VerifyReport
  ) throws {
    let expected = try Checkpoint.open(path, limits: limits)
    try expected.requireTensors()
    let known = (0..<4).map { "feature.\($0)" } + ["pooled", "logits"]
    for name in expected.stateDict.names where !known.contains(name) {
      throw ModelError.notSupported(
        "\(path): \"\(name)\" cannot be computed; \(known.joined(separator: ", ")) can. Layers of a detector come later"
      )
    }
    let outputs = try network.outputs(try image(in: input ?? ""), upTo: expected.stateDict.names)
    for entry in expected.stateDict.entries {
      guard let ours = outputs.first(where: { $0.name == entry.name })?.map else {
        throw ModelError.notSupported(
          "\"\(entry.name)\" cannot be computed: \(file) has no norm.* and head.*")
      }
      // A classifier's outputs are N×C; as N×C×1×1 they are the same numbers.
      let shape = entry.name.hasPrefix("feature") ? ours.shape : [ours.batch, ours.channels]
      guard entry.tensor.shape == shape || entry.tensor.shape == ours.shape else {
        throw ModelError.wrongShape(
          key: "\(entry.name) in \(path)", expected: shape, found: entry.tensor.shape)
      }
      report.addOutput(entry.name, ours, try entry.tensor.floats(), tolerance: tolerance)
    }
  }
}
