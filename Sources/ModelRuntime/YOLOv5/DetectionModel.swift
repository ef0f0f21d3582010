internal import SutureArchitectures
public import SutureTensors
internal import SutureYAML

/// A YOLOv5 detector: the layers of a model file with the weights of a state dict.
public struct DetectionModel: Sendable {
  /// The layers as YOLOv5 prints them when it builds the model.
  public let table: String
  /// Pixels of the image for each pixel of a level, finest level first.
  public let strides: [Int]
  /// The names of the tensors that a forward pass reads.
  public var readNames: [String] { network.readNames + (anchorsName.map { [$0] } ?? []) }

  /// Names of the state dict that `load_state_dict` would call unexpected: no module of the file has them.
  public let unexpectedNames: [String]

  let network: Network
  let file: ModelFile
  /// The value of each layer but Detect.
  private let layers: [Int]
  /// The value of each level of Detect.
  let levels: [Int]
  /// Width and height of each anchor in pixels, level by level.
  private let anchors: [[Double]]
  /// The tensor that holds them, where there is one.
  private let anchorsName: String?

  /// The network of `file` with weights named as YOLOv5 names them, `model.<layer>.…`.
  ///
  /// - Throws: an error that says where in the file a layer is wrong, or ``ModelError`` where a tensor does not fit.
  ///   Nothing has run then.
  public init(
    file: ModelFile, weights: StateDict, engine: EngineKind = .fast, precision: Precision = .float32
  ) throws {
    let parsed = try LayerParser(file).layers
    table = DetectorTable.text(parsed)
    let prefix = weights.names.contains { $0.hasPrefix("module.model.") } ? "module." : ""
    var builder = DetectorBuilder(weights, prefix: prefix)
    var values: [Int] = []
    var levels: [Int] = []
    let anchorCount = file.anchors[0].count / 2
    for layer in parsed {
      let inputs = layer.sources.map { $0 < 0 ? 0 : values[$0] }
      values.append(try builder.add(layer, inputs))
      guard case .detect = layer.module else { continue }
      for (level, source) in layer.sources.enumerated() {
        levels.append(
          try builder.addLevel(
            level, of: layer, inputs: source < 0 ? file.inputChannels : parsed[source].channels,
            outputs: anchorCount * (file.classes + 5), inputs[level]))
      }
    }
    layers = values.dropLast()
    (self.levels, self.file) = (levels, file)
    strides = try Self.strides(builder.graph, file, parsed, values, levels)
    // YOLOv5 until October 2021 keeps the anchors in pixels too.
    let pixels = "\(prefix)model.\(parsed.count - 1).anchor_grid"
    let known = Set(parsed.flatMap { $0.tensors(under: prefix, file) }.map(\.name) + [pixels])
    unexpectedNames = weights.names.filter { !known.contains($0) }
    let name = "\(prefix)model.\(parsed.count - 1).anchors"
    anchorsName = weights[name] == nil ? nil : name
    anchors = try Self.anchors(file, weights, name, strides)
    network = try Network(builder.graph, engine, precision)
  }

  /// What can be computed: `layer.0` and so on for each layer but Detect, `detect.raw.0` and so on for its levels,
  /// `detect.decoded`.
  public var outputNames: [String] {
    layers.indices.map { "layer.\($0)" } + levels.indices.map { "detect.raw.\($0)" } + ["detect.decoded"]
  }

  /// The named outputs for images in [0, 1), whose sides are multiples of the largest stride.
  ///
  /// - Parameter watch: is shown each layer's output when it has been computed.
  public func outputs(
    _ names: [String], of image: FeatureMap, watch: ((LayerOutput) throws -> Void)? = nil
  ) throws -> [NetworkOutput] {
    var wanted: [Int] = []
    for name in names {
      let values = try values(name)
      wanted += values.filter { !wanted.contains($0) }
    }
    let maps = Dictionary(uniqueKeysWithValues: zip(wanted, try network.run(image, wanted, watch: watch)))
    let head = DetectHead(anchors: anchors, strides: strides, outputsPerAnchor: file.classes + 5)
    return try names.map { name in
      let own = try values(name).compactMap { maps[$0] }
      if name == "detect.decoded" { return head.decoded(own) }
      return name.hasPrefix("detect.raw.") ? head.raw(own[0], name) : NetworkOutput(name, own[0])
    }
  }

  private func values(_ name: String) throws -> [Int] {
    if name == "detect.decoded" { return levels }
    if let level = levels.indices.first(where: { name == "detect.raw.\($0)" }) { return [levels[level]] }
    if let layer = layers.indices.first(where: { name == "layer.\($0)" }) { return [layers[layer]] }
    throw ModelError.notSupported(
      "\"\(name)\" cannot be computed; layer.0 to layer.\(layers.count - 1), detect.raw.0 to "
        + "detect.raw.\(levels.count - 1) and detect.decoded can")
  }

  /// Follows the sizes of a 256×256 image, as YOLOv5 does.
  private static func strides(
    _ graph: Graph, _ file: ModelFile, _ parsed: [DetectorLayer], _ values: [Int], _ levels: [Int]
  ) throws -> [Int] {
    let image = MapShape(batch: 1, height: 256, width: 256, channels: file.inputChannels)
    let shapes: [MapShape?]
    do { shapes = try graph.shapes(for: image, needed: graph.needed(for: levels)) } catch let error
      as ModelError
    {
      throw file.root.error("it does not fit together: \(error)")
    }
    let strides = levels.compactMap { shapes[$0].map { 256 / max($0.height, 1) } }
    try file.refuseReversedAnchors(strides: strides.map(Double.init))
    return strides
  }

  /// The anchors in pixels: those of the state dict, which holds them divided by the stride, else those of the file.
  private static func anchors(
    _ file: ModelFile, _ weights: StateDict, _ name: String, _ strides: [Int]
  ) throws -> [[Double]] {
    guard weights[name] != nil else { return file.anchors }
    let count = file.anchors[0].count
    let stored = try Parameter(name, in: weights, shape: [strides.count, count / 2, 2]).values()
    return strides.indices.map { level in
      (0..<count).map { Double(stored[level * count + $0]) * Double(strides[level]) }
    }
  }
}
