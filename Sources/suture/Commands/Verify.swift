internal import SutureArchitectures
internal import SutureBytes
internal import SutureCheckpoints
internal import SutureModelRuntime
internal import SuturePictures
internal import SutureTensors
internal import SutureText
internal import SutureWorkflows

struct Verify: Command {
  static let name = "verify"
  static let summary =
    "Run the network: prove that weights survived surgery, or compare with PyTorch's outputs."
  static let details = """
    FILE holds a ConvNeXt, or replicas of its backbone under prefixes such as model.0. to model.3. It is run on one
    image, and every layer's output is looked at; so are the layer scales, which tell a block that was never loaded.

    With --model, FILE holds the weights of the detector that the model file describes, and that is run. A model
    that YOLOv5 or Ultralytics has pickled whole has its model file in it, and so has what build writes --as yolov5.

    Of --image a detector's boxes are told: class, score and corners in the picture, after the non-maximum suppression
    that YOLOv5 or Ultralytics does, with the thresholds that each has by itself; --boxes draws them.

    With --against, FILE is what surgery made of ORIGINAL: every replica is compared bit for bit; then both run, stage
    by stage.

    With --expect, the tensors of REFERENCE are compared by name: feature.0 to feature.3, pooled and logits, which are
    fed with "normalized" of X or its only tensor; layer.N, detect.raw.0 and so on, detect.decoded, fed with "image",
    whose pixels are in [0, 1). All are N×C×H×W as in PyTorch. The error is the largest difference over the reference
    tensor's largest magnitude.
    """

  static var arguments: [Argument<Self>] {
    [
      .operand("FILE", "The checkpoint to verify: a file, an address, or a name of fetch --list.", \.file),
      .option("against", "ORIGINAL", "The checkpoint that FILE was made from.", \.against),
      .option("expect", "REFERENCE", "Outputs to compare with, as safetensors or .pth.", \.expected),
      .option(
        "model", "FILE.yaml", "The model file of the detector in FILE, of YOLOv5 or Ultralytics.", \.model),
      .number(
        "nc", "N", "With --model: how many classes there are, instead of the file's nc.", in: 1...100_000,
        \.classes),
      .number(
        "anchors", "N", "With --model: how many anchors a level has, instead of the file's.", in: 1...32,
        \.anchors),
      .option("input", "X", "The image that the network is given, as a tensor.", \.input),
      .option("image", "FILE", "The image that the network is given, as PNG or JPEG.", \.image),
      .number(
        "size", "N", "The network is given N×N pixels; 224 by default.", in: 1...Picture.maximumSide, \.size),
      .number(
        "resize", "N", "The shorter side of --image before it is cropped; 256/224 of --size by default.",
        in: 1...Picture.maximumSide, \.resize),
      .number(
        "letterbox", "N", "Fit --image into N×N with a grey border, as YOLOv5 does; 640 for a detector.",
        in: 32...Picture.maximumSide, \.letterbox),
      .option("labels", "FILE", "The names of the classes, one a line, for the five likeliest.", \.labels),
      .share(
        "conf", "How sure a detector is of a box in --image that counts; 0.25 where not given.", \.confidence),
      .share(
        "iou", "How much two boxes of a class may overlap; 0.45 of a YOLOv5, 0.7 of Ultralytics.", \.overlap),
      .number(
        "max-det", "N", "How many boxes count at most; 1000 of a YOLOv5, 300 of Ultralytics.", in: 1...30_000,
        \.most),
      .option("boxes", "OUT.png", "Draw the boxes that a detector found on --image.", \.boxes),
      .option("features", "OUT.png", "Draw the four feature maps.", \.features),
      .flag("force", "Replace OUT.png where it exists.", \.force),
      .tolerance(
        "tolerance", "E",
        "How far from REFERENCE an output may be; 5e-6 where not given, 1e-5 of detect.decoded.", \.tolerance),
      .choice(
        "engine", placeholder: "ENGINE", "fast (the default), onednn alone, or reference for plain loops.",
        \.engine),
      .choice(
        "dtype", placeholder: "DTYPE", "float32, or bfloat16 for faster and coarser products.", \.precision),
      .epsilon(\.settings), .activation(\.settings), .norm(\.settings),
      .option("key", "PATH", "The dict to take from FILE instead of the one found.", \.key),
      .limit(\.limits),
      .salvage(\.limits), .step(\.limits),
      .flag("json", "Print JSON.", \.json),
    ]
  }

  var file = ""
  var settings = NetworkSettings()
  var against: String?
  var expected: String?
  var model: String?
  var classes: Int?
  var anchors: Int?
  var input: String?
  var image: String?
  var size: Int?
  var resize: Int?
  var letterbox: Int?
  var labels: String?
  var confidence: Double?
  var overlap: Double?
  var most: Int?
  var boxes: String?
  var features: String?
  var force = false
  var tolerance: Double?
  var engine: EngineKind?
  var precision: Precision?
  var key: String?
  var limits = ReadLimits()
  var json = false

  mutating func run() throws -> ExitCode {
    if expected != nil, input == nil, image == nil {
      throw UsageError("--expect needs --input X or --image FILE, the image that REFERENCE is of")
    }
    try requireFreeDrawings()

    let input = try networkInput()
    let labels = try labels.map { try ClassLabels(path: $0) }
    let checkpoint = try open(file, key: key)
    var verification = try Verification(
      of: checkpoint, model: try modelFile(of: checkpoint), image: input,
      tolerance: tolerance, settings: settings,
      engine: engine ?? .fast, precision: precision ?? .float32)
    let network = verification.network
    Console.note("       \(network.summary)")
    Console.note("       \(network.reading)")
    if case .picture(let picture, _) = input, let image {
      Console.note("       \(image): \(picture.width)×\(picture.height) pixels")
    }
    verification.labels = labels
    verification.thresholds = try thresholds(network)
    verification.original = try against.map { try open($0) }
    verification.expected = try expected.map { try Checkpoint.open($0, limits: limits) }

    let report = try verification.run()
    if let features { try write(verification.drawFeatures(), to: features) }
    if let boxes, let found = report.detections, case .picture(let picture, _) = input {
      try write(found.drawn(on: picture), to: boxes)
    }
    if json {
      try Console.print(report.json)
    } else {
      if let table = network.detector?.table { try Console.print(table + "\n") }
      try Console.print(report.lines)
    }
    if !report.passed { Console.error("\(file) does not hold what it should: \(report.firstFailure)") }
    return report.passed ? .done : .negative
  }

  /// The model file that is given, or the one that lies in the checkpoint.
  private func modelFile(of checkpoint: Checkpoint) throws -> ModelFile? {
    if let model { return try ModelFile(path: model, classes: classes, anchors: anchors) }
    do {
      guard let model = try checkpoint.modelFile(classes: classes, anchors: anchors) else {
        if classes != nil { throw UsageError("--nc goes with --model FILE.yaml") }
        if anchors != nil { throw UsageError("--anchors goes with --model FILE.yaml") }
        return nil
      }
      Console.note("       the model file is the one that lies in the checkpoint")
      return model
    } catch let error as any SutureError where error.kind != .usage {
      // What cannot be built may still have a backbone that can be run.
      Console.warning("the model in the file cannot be run: \(error.reason)")
      return nil
    }
  }

  private func open(_ path: String, key: String? = nil) throws -> Checkpoint {
    let checkpoint = try Checkpoint.open(FetchReport.located(path), key: key, limits: limits)
    Notes.opened(checkpoint)
    return checkpoint
  }

  private func networkInput() throws -> NetworkInput {
    guard input == nil || image == nil else { throw UsageError("give --input or --image, not both") }
    if image == nil, letterbox != nil || resize != nil {
      throw UsageError("--letterbox and --resize change --image FILE, and there is none")
    }
    guard resize == nil || letterbox == nil else {
      throw UsageError("--resize and --letterbox exclude each other")
    }
    if let input { return .tensors(try Checkpoint.open(input, limits: limits)) }
    guard let image else { return .testImage(side: size ?? 224) }
    return .picture(
      try Picture(path: image),
      letterbox.map { .detector(side: $0) } ?? .classifier(size: size ?? 224, resize: resize))
  }

  // MARK: The drawing

  private func requireFreeDrawings() throws {
    for (name, path) in [("features", features), ("boxes", boxes)] {
      guard let path else { continue }
      guard path.hasSuffix(".png") else {
        throw UsageError("--\(name) writes a PNG: give a name that ends in .png")
      }
      if !force, pathExists(path) { throw OutputExists(path: path) }
    }
  }

  /// What the options say of boxes; `nil` where they say nothing.
  private func thresholds(_ network: RunnableNetwork) throws -> DetectionThresholds? {
    guard boxes != nil || confidence != nil || overlap != nil || most != nil else { return nil }
    guard image != nil, expected == nil else {
      throw UsageError("--boxes, --conf, --iou and --max-det are of what a detector finds in --image FILE")
    }
    guard let detector = network.detector else {
      throw UsageError(
        "--boxes, --conf, --iou and --max-det are of a detector, and \(file) is none by itself",
        hints: ["--model FILE.yaml takes the model file of the detector in it"])
    }
    var thresholds = DetectionThresholds(detector.dialect)
    thresholds.confidence = confidence ?? thresholds.confidence
    thresholds.overlap = overlap ?? thresholds.overlap
    thresholds.most = most ?? thresholds.most
    return thresholds
  }

  private func write(_ picture: Picture, to path: String) throws {
    try OutputFile.write(try picture.png(), to: path, replacing: force)
    Console.note("write  \(path)  \(picture.width)×\(picture.height) pixels")
  }
}
