public import SutureArchitectures
public import SutureCheckpoints
public import SutureModelRuntime
public import SutureTensors
internal import SutureText

/// What a state dict holds that can be run: a ConvNeXt, or replicas of its backbone of which each layer runs one stage;
/// and the detector around them where its model file is given.
public struct RunnableNetwork: Sendable {
  /// The weights.
  public let stateDict: StateDict
  /// What products are computed in, and why that is not what was asked for.
  private let native: (precision: Precision, refusal: Precision.Refusal?)
  /// The prefixes under which whole backbones lie; of four replicas in the order of the stages that they run.
  public let prefixes: [String]
  /// The backbone; `nil` where a detector has none that could be run by itself.
  public let backbone: ConvNeXt?
  /// The detector; `nil` where no model file was given.
  public let detector: DetectionModel?

  /// The network in `stateDict`, whose weights are read when they are first needed.
  ///
  /// - Parameter model: the model file of the detector that the weights are of.
  /// - Throws: an error of the kind ``FailureKind/doesNotFit`` where it is another network, or a tensor does not fit.
  public init(
    _ stateDict: StateDict, model: ModelFile? = nil, settings: NetworkSettings = NetworkSettings(),
    engine: EngineKind = .fast, precision: Precision = .float32
  ) throws {
    self.stateDict = stateDict
    native = try precision.native()
    // Of replicas that were cut to what is read, each has one stage.
    prefixes =
      ConvNeXtConfiguration.stagePrefixes(in: stateDict) ?? Self.wholeBackbones(stateDict, model, settings)
    detector = try model.map {
      try DetectionModel(
        file: $0, weights: stateDict, settings: settings, engine: engine, precision: precision)
    }
    // A single backbone runs all its stages; of four replicas, each runs its own.
    let isRunnable = prefixes.count <= 1 && detector == nil || prefixes.count == 1 || prefixes.count == 4
    guard isRunnable || detector != nil else {
      throw Failure(
        .doesNotFit,
        "it holds \(prefixes.count) backbones, under \(prefixes.joined(separator: ", ")); 1 or 4 can be run")
    }
    let places = prefixes.count == 4 ? prefixes : .init(repeating: prefixes.first ?? "", count: 4)
    backbone =
      isRunnable
      ? try ConvNeXt(stateDict, prefixes: places, settings: settings, engine: engine, precision: precision)
      : nil
  }

  /// The network in `checkpoint`, of which modules that were pickled whole say what the settings do not.
  ///
  /// - Throws: as ``init(_:model:settings:engine:precision:)`` does.
  public init(
    of checkpoint: Checkpoint, model: ModelFile? = nil, settings: NetworkSettings = NetworkSettings(),
    engine: EngineKind = .fast, precision: Precision = .float32
  ) throws {
    try checkpoint.requireTensors()
    var settings = settings
    settings.told = ToldByModules(checkpoint)
    try self.init(
      checkpoint.stateDict, model: model, settings: settings, engine: engine, precision: precision)
  }

  private static func wholeBackbones(
    _ stateDict: StateDict, _ model: ModelFile?, _ settings: NetworkSettings
  ) -> [String] {
    let prefixes = ConvNeXtConfiguration.prefixes(in: stateDict)
    guard prefixes.count == 4 else { return prefixes }
    var told = settings.told.stages
    for wrapper in ["", "module."] { told.merge(model?.stages(under: wrapper) ?? [:]) { $1 } }
    return BackboneReplicas(stateDict.names, told: told).inOrder(prefixes) ?? prefixes
  }

  /// The names of the tensors that a forward pass reads.
  public var readNames: [String] { detector?.readNames ?? backbone?.readNames ?? [] }

  /// What the weights do not say and nobody else did.
  public var assumptions: [Assumption] {
    var own = backbone?.assumptions ?? []
    if let refusal = native.refusal {
      own.append(Assumption("dtype", native.precision.rawValue, because: refusal.reason))
    }
    return own + (detector?.assumptions ?? []).filter { !own.contains($0) }
  }

  /// What can be computed: of the backbone `feature.0` to `feature.3`, `pooled` and `logits`, of the detector `layer.0`
  /// and so on, `detect.raw.0` and so on, `detect.decoded`.
  public var outputNames: [String] { (backbone?.outputNames ?? []) + (detector?.outputNames ?? []) }

  /// Whether an output comes of the detector, which is fed with images in [0, 1), not of the backbone alone, which is
  /// fed with normalised ones.
  package static func isOfDetector(_ name: String) -> Bool {
    name.hasPrefix("layer.") || name.hasPrefix("detect.")
  }

  /// The named outputs, all of the backbone or all of the detector.
  ///
  /// - Parameter observe: is shown each layer's output when it has been computed.
  public func outputs(
    _ names: [String], of image: FeatureMap, observe: ((LayerOutput) throws -> Void)? = nil
  ) throws -> [NetworkOutput] {
    if let detector, names.contains(where: Self.isOfDetector) {
      return try detector.outputs(names, of: image, observe: observe)
    }
    guard let backbone else {
      throw Failure(.doesNotFit, "there is no backbone that could be run by itself")
    }
    return try backbone.outputs(names, of: image, observe: observe)
  }

  /// Refuses images of a size that cannot be run, before one is made.
  func requireRunnable(side: Int, batch: Int = 1) throws {
    try detector?.validate(batch: batch, height: side, width: side)
    if detector == nil { try backbone?.validate(batch: batch, height: side, width: side) }
  }

  /// How many channels its images have.
  public var inputChannels: Int { backbone?.configuration.inputChannels ?? 3 }

  // MARK: For people

  /// What of the file a forward pass reads.
  public var reading: String {
    let read = readEntries
    var text =
      "a forward pass reads \(Format.count(read.count)) of \(Format.plural(stateDict.count, "tensor")), "
      + "\(Format.count(read.reduce(0) { $0 + $1.tensor.elementCount })) parameters, "
      + Format.bytes(read.reduce(0) { $0 + $1.tensor.byteCount })
    let names = Set(read.map(\.name))
    if let other = stateDict.first(where: { !names.contains($0.name) }) {
      text += "; not \(other.name), for one"
    }
    return text
  }

  private var readEntries: [StateDict.Entry] {
    let names = Set(readNames)
    return stateDict.filter { names.contains($0.name) }
  }

  /// The first tensor of what an OpenCLIP image tower puts behind its trunk; `nil` where the backbone is no such trunk.
  private var projection: String? {
    guard prefixes.count == 1, let tower = prefixes[0].start(before: "trunk.") else { return nil }
    return stateDict.names.first { $0.rest(after: tower + "head.") != nil }
  }

  /// What it is, for a person: variant, names, element types.
  public var summary: String {
    guard let configuration = backbone?.configuration else { return "a detector" }
    var text = configuration.variantName
    if prefixes.count == 4 {
      text += " backbone, four replicas: \(prefixes.joined(separator: ", "))"
    } else if let classes = configuration.classes {
      text += ", \(Format.count(classes)) classes"
    } else {
      text += " backbone"
    }
    if let head = projection {
      text += ", the trunk of an OpenCLIP image tower, whose head is not run: \(head) takes pooled"
    }
    let types = readEntries.grouped(by: \.tensor.dtype).map(\.key.rawValue)
    return text + "; names of \(configuration.scheme.library), \(types.joined(separator: " and "))"
  }
}
