internal import SutureArchitectures
internal import SutureModelRuntime
internal import SutureTensors

/// What a file holds that can be run: a ConvNeXt, or replicas of its backbone of which each layer runs one stage; and
/// the detector around them where its model file is given.
struct Network {
  let dict: StateDict
  let prefixes: [String]
  /// The backbone; `nil` where a detector has none that could be run by itself.
  let backbone: ConvNeXt?
  let detector: DetectionModel?

  init(
    _ dict: StateDict, modelFile: String? = nil, _ options: EngineOptions
  ) throws {
    self.dict = dict
    prefixes = ConvNeXtConfiguration.prefixes(in: dict)
    detector = try modelFile.map {
      try DetectionModel(
        file: try ModelFile(path: $0), weights: dict, engine: options.engine, precision: options.precision)
    }
    // A single backbone runs all its stages; of four replicas, each runs its own.
    guard prefixes.count <= 1 || prefixes.count == 4 || detector != nil else {
      throw ModelError.notSupported(
        "it holds \(prefixes.count) backbones, under \(prefixes.joined(separator: ", ")); 1 or 4 can be run")
    }
    let isRunnable = detector == nil || prefixes.count == 1 || prefixes.count == 4
    let places = prefixes.count == 4 ? prefixes : .init(repeating: prefixes.first ?? "", count: 4)
    backbone =
      isRunnable
      ? try ConvNeXt(dict, prefixes: places, engine: options.engine, precision: options.precision) : nil
  }

  /// What it is, for a person: variant, names, element types.
  var description: String {
    guard let configuration = backbone?.configuration else { return "a detector" }
    var text = configuration.variantName
    if prefixes.count == 4 {
      text += " backbone, four replicas: \(prefixes.joined(separator: ", "))"
    } else if let classes = configuration.classes {
      text += ", \(Format.count(classes)) classes"
    } else {
      text += " backbone"
    }
    let read = Set(readNames)
    let types = dict.entries.filter { read.contains($0.name) }.reduce(into: [String]()) {
      if !$0.contains($1.tensor.dtype.rawValue) { $0.append($1.tensor.dtype.rawValue) }
    }
    return text + "; names of \(configuration.scheme.library), \(types.joined(separator: " and "))"
  }

  /// The names of the tensors that a forward pass reads.
  var readNames: [String] { detector?.readNames ?? backbone?.readNames ?? [] }

  /// What can be computed.
  var outputNames: [String] { (backbone?.outputNames ?? []) + (detector?.outputNames ?? []) }

  /// Whether an output comes of the detector, which is fed with images in [0, 1), not of the backbone alone, which is
  /// fed with normalised ones.
  static func isOfDetector(_ name: String) -> Bool { name.hasPrefix("layer.") || name.hasPrefix("detect.") }

  /// The named outputs, all of the backbone or all of the detector.
  func outputs(
    _ names: [String], of image: FeatureMap, watch: ((LayerOutput) throws -> Void)? = nil
  ) throws -> [NetworkOutput] {
    if let detector, names.contains(where: Self.isOfDetector) {
      return try detector.outputs(names, of: image, watch: watch)
    }
    guard let backbone else {
      throw ModelError.notSupported("there is no backbone that could be run by itself")
    }
    return try backbone.outputs(names, of: image, watch: watch)
  }

  /// Refuses an image of a size that cannot be run, before it is made.
  func judge(side: Int, batch: Int = 1) throws {
    try detector?.judge(batch: batch, height: side, width: side)
    if detector == nil { try backbone?.judge(batch: batch, height: side, width: side) }
  }

  /// All outputs that a run without a reference looks at.
  var allOutputs: [String] { detector?.outputNames ?? backbone?.outputNames ?? [] }

  var inputChannels: Int { backbone?.configuration.inputChannels ?? 3 }
}
