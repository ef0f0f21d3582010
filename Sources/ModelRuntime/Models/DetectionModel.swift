public import SutureArchitectures
public import SutureTensors
internal import SutureText

/// A detector of YOLOv5 or Ultralytics: the layers of a model file with the weights of a state dict.
public struct DetectionModel: Sendable {
  /// The layers as the program prints them when it builds the model.
  public var table: String { file.table() }
  /// Whose model file it is of.
  public var dialect: ModelDialect { file.dialect }
  /// How many classes it tells apart.
  public var classes: Int { file.header.classes }
  /// Pixels of the image for each pixel of a level, finest level first.
  public var strides: [Int] { file.strides }
  /// The names of the tensors that a forward pass reads.
  public var readNames: [String] { network.graph.readNames + head.readNames }

  /// Names of the state dict that `load_state_dict` would call unexpected: no module of the file has them.
  public let unexpectedNames: [String]

  private let network: Network
  private let file: ModelFile
  /// The value of each layer but Detect.
  private let layers: [Int]
  /// What the weights do not say and nobody else did.
  public let assumptions: [Assumption]
  /// The value of each level of Detect.
  private let levels: [Int]
  let head: any DetectionHead

  /// The network of `file` with weights named as the program names them, `model.<layer>.…`.
  ///
  /// - Parameter settings: what the weights do not say.
  /// - Throws: an error that says where in the file a layer is wrong, or ``ModelError`` where a tensor does not fit.
  ///   Nothing has run then.
  public init(
    file: ModelFile, weights: StateDict, settings: NetworkSettings = NetworkSettings(),
    engine: EngineKind = .fast,
    precision: Precision = .float32
  ) throws {
    let prefix = weights.names.contains { $0.hasPrefix("module.model.") } ? "module." : ""
    var builder = GraphBuilder(
      weights, settings, dialect: file.dialect, fileActivation: file.header.activation)
    var values: [[Int]] = []
    for layer in file.layers {
      let inputs = layer.sources.flatMap { $0 < 0 ? [0] : values[$0] }
      values.append(try layer.build(into: &builder, under: prefix, of: inputs))
    }
    (levels, layers) = (values.last ?? [], values.dropLast().compactMap(\.last))
    // YOLOv5 until October 2021 keeps the anchors in pixels too.
    let detect = "\(prefix)model.\(file.layers.count - 1)"
    let expected = file.layers.flatMap { $0.expectedTensors(under: prefix) }
    // A fused convolution has a bias that the file does not tell.
    let known = Set(expected.map(\.name) + builder.graph.readNames + [detect + ".anchor_grid"])
    unexpectedNames = weights.names.filter { !known.contains($0) }
    head = try file.detectionHead(detect, weights)
    self.file = file
    assumptions = builder.assumptions
    network = try Network(builder.graph, engine, precision)
  }

  /// What can be computed: `layer.0` and so on for each layer but Detect, `detect.raw.0` and so on for its levels,
  /// `detect.decoded`.
  public var outputNames: [String] {
    layers.indices.map { "layer.\($0)" } + levels.indices.map { "detect.raw.\($0)" } + ["detect.decoded"]
  }

  /// The named outputs for images in [0, 1), whose sides are multiples of the largest stride.
  ///
  /// - Parameter observe: is shown each layer's output when it has been computed.
  public func outputs(
    _ names: [String], of image: FeatureMap, observe: ((LayerOutput) throws -> Void)? = nil
  ) throws -> [NetworkOutput] {
    var wanted: [Int] = []
    for name in names {
      let values = try values(name)
      wanted += values.filter { !wanted.contains($0) }
    }
    return try network.engine.run(image, outputs: wanted, observe: observe) { maps in
      let maps = Dictionary(uniqueKeysWithValues: zip(wanted, maps))
      return try names.map { name in
        let own = try values(name).compactMap { maps[$0] }
        if name == "detect.decoded" { return head.decoded(own) }
        return name.hasPrefix("detect.raw.") ? head.raw(own[0].map, name) : NetworkOutput(name, own[0].map)
      }
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
}

extension DetectionModel {
  /// Refuses images of a size that cannot be run, before one is made.
  ///
  /// - Throws: ``ModelError`` naming the layer that does not fit, or what the machine does not have.
  public func validate(batch: Int, height: Int, width: Int) throws {
    try network.graph.validate(image(batch, height, width), outputs: levels)
  }

  private func image(_ batch: Int, _ height: Int, _ width: Int) -> MapShape {
    MapShape(batch: batch, height: height, width: width, channels: file.header.inputChannels)
  }

  /// Makes everything ready for images of this size: reads the weights, packs them, compiles the layers.
  ///
  /// - Throws: ``ModelError``, and what reading throws.
  public func prepare(_ names: [String], batch: Int, height: Int, width: Int) throws {
    try network.engine.prepare(image(batch, height, width), outputs: try names.flatMap(values))
  }

  /// The layers that the outputs need, with the multiply-accumulates of each for images of this size.
  public func costs(
    _ names: [String], batch: Int, height: Int, width: Int
  ) throws -> [(layer: String, multiplyAccumulates: Int)] {
    try network.graph.costs(image(batch, height, width), try names.flatMap(values))
  }

  /// The layer scales of all blocks; none where the network was trained without.
  public func layerScales() throws -> [LayerScaleSummary] { try network.layerScales() }
}
