internal import SutureArchitectures
internal import SutureBytes
internal import SutureCheckpoints
internal import SutureJSON
internal import SutureModelRuntime
internal import SutureTensors

struct Verify: Command {
  static let name = "verify"
  static let summary =
    "Run the network: prove that weights survived surgery, or compare with PyTorch's outputs."
  static let details = """
    FILE holds a ConvNeXt, or replicas of its backbone under prefixes such as model.0. to model.3. It is run on one
    image, and every layer's output is looked at; so are the layer scales, which tell a block that was never loaded.

    With --model, FILE holds the weights of the detector that the YOLOv5 model file describes, and that is run.

    With --against, FILE is what surgery made of ORIGINAL: every replica is compared bit for bit; then both run, stage
    by stage.

    With --expect, the tensors of REFERENCE are compared by name: feature.0 to feature.3, pooled and logits, which are
    fed with "normalized" of X or its only tensor; layer.N, detect.raw.0 and so on, detect.decoded, fed with "image",
    whose pixels are in [0, 1). All are N×C×H×W as in PyTorch. The error is the largest difference over the reference
    tensor's largest magnitude.
    """

  static var arguments: [Argument<Self>] {
    [
      .operand("FILE", "The checkpoint to verify.", \.file),
      .option("against", "ORIGINAL", "The checkpoint that FILE was made from.", \.against),
      .option("expect", "REFERENCE", "Outputs to compare with, as safetensors or .pth.", \.reference),
      .option("model", "FILE.yaml", "The YOLOv5 model file of the detector in FILE.", \.model),
      .option("input", "X", "The image that the network is given, as a tensor.", \.images.input),
      .option("image", "FILE", "The image that the network is given, as PNG or JPEG.", \.images.picture),
      .option(
        "size", "N", "The network is given N×N pixels; 224 by default.", \.images.size),
      .option(
        "resize", "N", "The shorter side of --image before it is cropped; 256/224 of --size by default.",
        \.images.resize),
      .option(
        "letterbox", "N", "Fit --image into N×N with a grey border, as YOLOv5 does; 640 for a detector.",
        \.images.letterbox),
      .option("labels", "FILE", "The names of the classes, one a line, for the five likeliest.", \.labels),
      .option("features", "OUT.png", "Draw the four feature maps.", \.features),
      .flag("force", "Replace OUT.png where it exists.", \.force),
      .option(
        "tolerance", "E", "How far from REFERENCE an output may be; 5e-6 where not given.", \.toleranceText),
      .option(
        "engine", "ENGINE", "fast (the default), onednn alone, or reference for plain loops.", \.engineName),
      .option("dtype", "DTYPE", "float32, or bfloat16 for faster and coarser products.", \.dtypeName),
      .option("key", "PATH", "The dict to take from FILE instead of the one found.", \.key),
      .limit(\.limits),
      .flag("json", "Print JSON.", \.json),
    ]
  }

  var file = ""
  var against: String?
  var reference: String?
  var model: String?
  var images = VerifyImages.Options()
  var labels: String?
  var features: String?
  var force = false
  var toleranceText: String?
  var engineName: String?
  var dtypeName: String?
  var key: String?
  var limits = ReadLimits()
  var json = false

  mutating func run() throws -> ExitCode {
    if reference != nil, images.input == nil, images.picture == nil {
      throw UsageError("--expect needs --input X or --image FILE, the image that REFERENCE is of")
    }
    let tolerance = try number(toleranceText, "--tolerance") ?? 5e-6
    let options = try EngineOptions(engine: engineName, dtype: dtypeName)
    EngineThreads.settle()

    let images = try VerifyImages(images, limits: limits)
    let drawing = try features.map { try FeatureDrawing(path: $0, force: force) }
    let checkpoint = try Checkpoint.open(file, key: key, limits: limits)
    Notes.opened(checkpoint)
    try checkpoint.requireTensors()
    let network = try Network(checkpoint.stateDict, modelFile: model, options)
    Console.note("       \(network.description)")
    Console.note("       \(VerifyChecks.reading(network))")

    if let side = images.testSide { try network.judge(side: side) }
    var report = VerifyReport()
    if let note = images.note { Console.note("       \(note)") }
    if let detector = network.detector { report.preamble = detector.table + "\n" }
    var originals: StateDict?
    if let against {
      let original = try Checkpoint.open(against, limits: limits)
      Notes.opened(original)
      try original.requireTensors()
      originals = original.stateDict
      try compare(network, with: original, images, options, &report)
    } else if network.prefixes.count == 4 {
      report.add(
        try ReplicaComparison(among: network.prefixes, of: network.dict), againstOriginal: false)
    }
    if let reference {
      try compare(network, withOutputs: reference, images, tolerance, &report)
    } else if against == nil || network.detector != nil {
      let names = network.allOutputs.filter { !$0.hasPrefix("layer.") }
      let image = try images.image(isOfDetector: network.detector != nil, channels: network.inputChannels)
      let outputs = try VerifyChecks.run(network, names, on: image, &report)
      if images.isPicture, let logits = outputs.first(where: { $0.name == "logits" }) {
        try report.addClasses(logits, labels: labels)
      }
    }
    if let drawing {
      let original = try originals.map { try Network($0, options) }
      try drawing.draw(network, original: original, images)
    }
    try VerifyChecks.layerScales(network, &report)
    VerifyChecks.keys(network, &report)
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
    _ network: Network, with original: Checkpoint, _ images: VerifyImages, _ options: EngineOptions,
    _ report: inout VerifyReport
  ) throws {
    guard let backbone = network.backbone, let prefix = network.prefixes.first else {
      throw ModelError.notSupported("\(file) holds no whole backbone to compare with the original's")
    }
    guard let theirs = ConvNeXtConfiguration.prefixes(in: original.stateDict).first else {
      _ = try ConvNeXtConfiguration(inferredFrom: original.stateDict)
      return
    }
    let isSameScheme =
      try ConvNeXtConfiguration(inferredFrom: original.stateDict, prefix: theirs).scheme.library
      == ConvNeXtConfiguration(inferredFrom: network.dict, prefix: prefix).scheme.library
    // Under other names the same weights are proven by what they compute.
    if isSameScheme {
      report.add(
        try ReplicaComparison(of: network.dict, network.prefixes, with: original.stateDict, theirs),
        againstOriginal: true)
    }
    let image = try images.image(isOfDetector: false, channels: network.inputChannels)
    let names = backbone.outputNames.filter { $0.hasPrefix("feature.") }
    /// Runs the original and lets go of it: two networks at a time would need twice the memory.
    func truth() throws -> [NetworkOutput] {
      try Network(original.stateDict, options).outputs(names, of: image)
    }
    let expected = try truth()
    let outputs = try VerifyChecks.run(network, names, on: image, &report)
    for (ours, theirs) in zip(outputs, expected) {
      if ours.shape == theirs.shape {
        report.addOutput(ours, theirs.values, tolerance: 0)
      } else {
        report.addMismatch(ours, expected: theirs.shape)
      }
    }
    if zip(outputs, expected).contains(where: { $0.shape == $1.shape && $0.values != $1.values }),
      let found = try FirstDifference.find(network, try Network(original.stateDict, options), on: image)
    {
      report.addRemark(found)
    }
    if network.detector != nil { backbone.release() }
  }

  // MARK: With given outputs

  private func compare(
    _ network: Network, withOutputs path: String, _ images: VerifyImages, _ tolerance: Double,
    _ report: inout VerifyReport
  ) throws {
    let expected = try Checkpoint.open(path, limits: limits)
    try expected.requireTensors()
    let known = network.outputNames
    for name in expected.stateDict.names where !known.contains(name) {
      let needsModel = model == nil && Network.isOfDetector(name)
      throw ModelError.notSupported(
        "\(path): \"\(name)\" cannot be computed of \(file)\(needsModel ? " without --model" : ""); known are "
          + known.filter { !$0.hasPrefix("layer.") }.joined(separator: ", ")
          + (network.detector == nil ? "" : ", and layer.N"))
    }
    // In the order in which they are computed, so that the first that differs is the first.
    let wanted = known.filter { expected.stateDict[$0] != nil }
    for group in [wanted.filter { !Network.isOfDetector($0) }, wanted.filter { Network.isOfDetector($0) }]
    where !group.isEmpty {
      let isOfDetector = Network.isOfDetector(group[0])
      let image = try images.image(isOfDetector: isOfDetector, channels: network.inputChannels)
      for ours in try VerifyChecks.run(network, group, on: image, &report) {
        guard let tensor = expected.stateDict[ours.name] else { continue }
        // A classifier's outputs are N×C; as N×C×1×1 they are the same numbers.
        let isSame =
          tensor.shape == ours.shape || ours.shape.count == 2 && tensor.shape == ours.shape + [1, 1]
        guard isSame else {
          throw ModelError.wrongShape(
            key: "\(ours.name) in \(path)", expected: ours.shape, found: tensor.shape)
        }
        report.addOutput(ours, try tensor.floats(), tolerance: tolerance)
      }
      // The detector packs the backbone's weights once more: both at a time would need twice the memory.
      if !isOfDetector { network.backbone?.release() }
    }
  }
}
