public import SutureArchitectures
internal import SutureBytes
public import SutureCheckpoints
public import SutureModelRuntime
public import SuturePictures
internal import SutureTensors
internal import SutureText

/// Runs the network in a checkpoint: proves that weights survived surgery, or compares with outputs that are known.
///
/// ```swift
/// let report = try Verification(of: backbone, against: original).run()
/// ```
public struct Verification: Sendable {
  /// What is verified.
  public let checkpoint: Checkpoint
  /// The network in it.
  public private(set) var network: RunnableNetwork
  /// The checkpoint that this one was made from: every replica is compared with it bit for bit, then what both compute.
  public var original: Checkpoint?
  /// Outputs to compare with, by the names of ``RunnableNetwork/outputNames``, N×C×H×W as in PyTorch.
  public var expected: Checkpoint?
  /// What the network is given.
  public var input: NetworkInput
  /// How far from an expected output one may be, over its peak; `nil` for ``usualTolerance(of:)``.
  public var tolerance: Double?

  /// 5e-6, and 1e-5 where boxes were decoded: what a sound computation in float32 keeps.
  public static func usualTolerance(of output: String) -> Double { output == "detect.decoded" ? 1e-5 : 5e-6 }

  /// The names of the classes; a picture's likeliest are told with them.
  public var labels: ClassLabels?
  /// Which of a detector's boxes count; `nil` for what its program takes.
  public var thresholds: DetectionThresholds?
  private let settings: NetworkSettings
  /// The same for the original.
  private var originalSettings: NetworkSettings
  private let model: ModelFile?
  private let engine: EngineKind
  private let precision: Precision

  /// Looks at names and shapes; nothing is read or computed before ``run()``.
  ///
  /// - Parameters:
  ///   - model: the model file of the detector that the weights are of.
  ///   - settings: what the weights do not say; a module that was pickled whole says it by itself.
  /// - Throws: an error of the kind ``FailureKind/doesNotFit`` where it is no network that can be run.
  public init(
    of checkpoint: Checkpoint, against original: Checkpoint? = nil, expecting expected: Checkpoint? = nil,
    model: ModelFile? = nil, image input: NetworkInput = .testImage(), tolerance: Double? = nil,
    settings: NetworkSettings = NetworkSettings(), engine: EngineKind = .fast, precision: Precision = .float32
  ) throws {
    (self.settings, originalSettings, self.model) = (settings, settings, model)
    network = try RunnableNetwork(
      of: checkpoint, model: model, settings: settings, engine: engine, precision: precision)
    (self.checkpoint, self.original, self.expected) = (checkpoint, original, expected)
    (self.input, self.tolerance) = (input, tolerance)
    (self.engine, self.precision) = (engine, precision)
  }

  /// Makes all checks.
  ///
  /// - Throws: an error of the kind ``FailureKind/doesNotFit`` where something cannot be compared, and what reading
  ///   throws. A difference is no error.
  public func run() throws -> VerificationReport { try paired().checked() }

  /// It and the original are one network: what the modules of one do not say, those of the other do.
  private func paired() throws -> Verification {
    guard let original else { return self }
    var pair = self
    pair.originalSettings.told = ToldByModules(original)
    let (ours, theirs) = (ToldByModules(checkpoint).common, pair.originalSettings.told.common)
    pair.originalSettings.layerNormEpsilon =
      settings.layerNormEpsilon ?? (theirs.layerNormEpsilon == nil ? ours.layerNormEpsilon : nil)
    pair.originalSettings.activation =
      settings.activation ?? (theirs.activation == nil ? ours.activation : nil)
    var own = settings
    if ours.layerNormEpsilon == nil { own.layerNormEpsilon = own.layerNormEpsilon ?? theirs.layerNormEpsilon }
    if ours.activation == nil { own.activation = own.activation ?? theirs.activation }
    if own.layerNormEpsilon != settings.layerNormEpsilon || own.activation != settings.activation {
      pair.network = try RunnableNetwork(
        of: checkpoint, model: model, settings: own, engine: engine, precision: precision)
    }
    return pair
  }

  private func checked() throws -> VerificationReport {
    if case .testImage(let side) = input { try network.requireRunnable(side: side) }
    var report = VerificationReport()
    report.assumptions = network.assumptions
    if let original {
      try compare(with: original, &report)
    } else if network.prefixes.count == 4 {
      report.add(try ReplicaComparison(among: network.prefixes, of: network.stateDict))
    }
    if let expected {
      try compare(withOutputs: expected, &report)
    } else if original == nil || network.detector != nil {
      let names = network.detector?.outputNames ?? network.backbone?.outputNames ?? []
      let outputs = try run(
        names.filter { !$0.hasPrefix("layer.") }, on: image(forDetector: network.detector != nil), &report)
      if case .picture = input, let logits = outputs.first(where: { $0.name == "logits" }) {
        report.classes = try ClassScore.likeliest(of: logits, labels: labels)
      }
      report.detections = try detections(outputs)
    }
    try addLayerScales(&report)
    addNames(&report)
    return report
  }

  /// Draws the four feature maps of the backbone, the original's beside it where there is one.
  public func drawFeatures() throws -> Picture { try paired().drawn() }

  private func drawn() throws -> Picture {
    let names = (network.backbone?.outputNames ?? []).filter { $0.hasPrefix("feature.") }
    let image = try image(forDetector: false)
    let theirs = try original.map { try network(of: self.original($0).0).outputs(names, of: image) }
    return try FeatureDrawing.picture(
      of: try network.outputs(names, of: image), original: theirs,
      title: network.backbone?.configuration.variantName ?? "", seen: input.seen(forDetector: false))
  }

  private func image(forDetector: Bool) throws -> FeatureMap {
    try input.image(
      forDetector: forDetector, channels: network.inputChannels,
      stride: max(network.detector?.strides.max() ?? 0, 32))
  }

  /// What the detector found in the picture; `nil` where there is none of them.
  private func detections(_ outputs: [NetworkOutput]) throws -> ImageDetections? {
    guard case .picture(let picture, let wanted) = input, let detector = network.detector,
      let decoded = outputs.first(where: { $0.name == "detect.decoded" })
    else { return nil }
    let thresholds = thresholds ?? DetectionThresholds(detector.dialect)
    let told = TrainedModel(checkpoint)?.names ?? []
    let image = try image(forDetector: true)
    return ImageDetections(
      detector.detections(in: decoded, thresholds), in: picture, given: (image.width, image.height),
      NetworkInput.preparation(wanted, forDetector: true), detector.dialect,
      names: try labels?.names(ofClasses: detector.classes) ?? (told.count == detector.classes ? told : nil),
      thresholds)
  }

  private func network(of original: StateDict) throws -> RunnableNetwork {
    try RunnableNetwork(original, settings: originalSettings, engine: engine, precision: precision)
  }

  /// The original as `load_state_dict` copies it into what is verified: in the dtype that all of that has.
  ///
  /// - Returns: also the dtype, where it is another than the original's.
  private func original(_ checkpoint: Checkpoint) throws -> (StateDict, DType?) {
    try checkpoint.requireTensors()
    let read = Set(network.readNames.map(ExactString.init))
    let dtypes = Set(
      network.stateDict.filter { read.contains(ExactString($0.name)) }.map(\.tensor.dtype).filter {
        $0.floatFormat != nil
      })
    guard dtypes.count == 1, let dtype = dtypes.first,
      checkpoint.stateDict.contains(where: { $0.tensor.dtype.floatFormat != nil && $0.tensor.dtype != dtype })
    else { return (checkpoint.stateDict, nil) }
    return (try checkpoint.stateDict.cast(to: dtype) { _ in false }.stateDict, dtype)
  }

  /// Runs the whole network on `image` and looks for NaN and infinity in every layer's output.
  ///
  /// Gives the outputs that were asked for.
  private func run(
    _ names: [String], on image: FeatureMap, _ report: inout VerificationReport
  ) throws -> [NetworkOutput] {
    var (layers, first) = (0, (layer: String, value: Float)?.none)
    let start = CurrentProcess.seconds
    let outputs = try network.outputs(names, of: image) { layer in
      layers += 1
      if first == nil, let value = layer.firstNotFinite { first = (layer.name, value) }
    }
    report.add(
      "finite", wrong: first == nil ? 0 : 1,
      .numbers(layers: layers, input: image.shape, seconds: CurrentProcess.seconds - start, notFinite: first))
    return outputs
  }

  // MARK: Against the original

  private func compare(with original: Checkpoint, _ report: inout VerificationReport) throws {
    guard let backbone = network.backbone else {
      throw Failure(
        .doesNotFit, "\(checkpoint.path) holds no whole backbone to compare with the original's")
    }
    let (dict, castTo) = try self.original(original)
    guard let theirs = ConvNeXtConfiguration.prefixes(in: dict).first else {
      _ = try ConvNeXtConfiguration(inferredFrom: dict)
      return
    }
    let isSameScheme =
      try ConvNeXtConfiguration(inferredFrom: dict, prefix: theirs).scheme.library
      == backbone.configuration.scheme.library
    // Under other names the same weights are proven by what they compute.
    if isSameScheme {
      var comparison = try ReplicaComparison(
        of: network.stateDict, under: network.prefixes, with: dict, under: theirs, reading: network.readNames)
      comparison.castTo = castTo
      report.add(comparison)
    }
    let image = try image(forDetector: false)
    let names = backbone.outputNames.filter { $0.hasPrefix("feature.") }
    // Only its outputs stay: two networks at a time would need twice the memory.
    let expected = try network(of: dict).outputs(names, of: image)
    let outputs = try run(names, on: image, &report)
    for (ours, theirs) in zip(outputs, expected) {
      if ours.shape == theirs.shape {
        report.add(ours, theirs.values, tolerance: 0)
      } else {
        report.checks.append(
          .init(ours.name, passed: false, error: .nan, .wrongShape(ours.shape, expected: theirs.shape)))
      }
    }
    if zip(outputs, expected).contains(where: { $0.shape == $1.shape && $0.values != $1.values }) {
      report.firstDifference = try LayerDifference(of: network, and: network(of: dict), on: image)
    }
    if network.detector != nil { backbone.release() }
  }

  // MARK: With given outputs

  private func compare(withOutputs expected: Checkpoint, _ report: inout VerificationReport) throws {
    try expected.requireTensors()
    let known = network.outputNames
    let place = FailurePlace(file: expected.path)
    for name in expected.stateDict.names where !known.contains(name) {
      let needsModel = network.detector == nil && RunnableNetwork.isOfDetector(name)
      throw Failure(
        .doesNotFit, at: place,
        "\"\(name)\" cannot be computed of \(checkpoint.path); known are "
          + known.filter { !$0.hasPrefix("layer.") }.joined(separator: ", ")
          + (network.detector == nil ? "" : ", and layer.N"),
        remedies: needsModel ? [.setting("model", "takes the model file of the detector")] : [])
    }
    // In the order in which they are computed, so that the first that differs is the first.
    let wanted = known.filter { expected.stateDict[$0] != nil }
    for group in [
      wanted.filter { !RunnableNetwork.isOfDetector($0) }, wanted.filter(RunnableNetwork.isOfDetector),
    ]
    where !group.isEmpty {
      let isOfDetector = RunnableNetwork.isOfDetector(group[0])
      for ours in try run(group, on: image(forDetector: isOfDetector), &report) {
        guard let tensor = expected.stateDict[ours.name] else { continue }
        // A classifier's outputs are N×C; as N×C×1×1 they are the same numbers.
        let isSame =
          tensor.shape == ours.shape || ours.shape.count == 2 && tensor.shape == ours.shape + [1, 1]
        guard isSame else {
          throw Failure(
            .doesNotFit, at: place,
            "size mismatch for \(ours.name): the shape is \(tensor.shape), \(ours.shape) is needed")
        }
        report.add(ours, try tensor.floats(), tolerance: tolerance ?? Self.usualTolerance(of: ours.name))
      }
      // The detector packs the backbone's weights once more: both at a time would need twice the memory.
      if !isOfDetector { network.backbone?.release() }
    }
  }

  // MARK: The file by itself

  /// Looks for blocks that were never loaded: their layer scale is what training starts from.
  private func addLayerScales(_ report: inout VerificationReport) throws {
    let scales = try network.detector?.layerScales() ?? network.backbone?.layerScales() ?? []
    report.add("layer_scale", wrong: scales.count(where: \.isInitial), .layerScales(scales))
  }

  /// Looks for tensors that the model file has no module for.
  private func addNames(_ report: inout VerificationReport) {
    guard let unexpected = network.detector?.unexpectedNames else { return }
    report.add(
      "keys", wrong: unexpected.count, .names(unexpected: unexpected, count: network.stateDict.count))
  }
}
