public import SutureArchitectures
public import SutureTensors

/// A ConvNeXt: a stem, four stages joined by downsample layers, and, where the file has one, a classifier; an isotropic one
/// has a single stage.
///
/// Liu et al., A ConvNet for the 2020s, 2022; Woo et al., ConvNeXt V2, 2023. Names of facebookresearch, timm, torchvision, transformers and OpenMMLab.
public struct ConvNeXt: Sendable {
  public let configuration: ConvNeXtConfiguration
  let network: Network
  /// The values of the stages' outputs.
  private let stages: [Int]
  private let head: (pooled: Int?, logits: Int?)
  /// What the weights do not say and nobody else did.
  public let assumptions: [Assumption]

  /// The network whose tensors lie under `prefix`; under the only prefix there is where none is given.
  ///
  /// Looks at names and shapes; weights are read when a layer first runs, each once.
  ///
  /// - Throws: ``ModelError`` where a tensor is missing or has the wrong shape.
  public init(
    _ dict: StateDict, prefix: String? = nil, settings: NetworkSettings = NetworkSettings(),
    engine: EngineKind = .fast,
    precision: Precision = .float32
  ) throws {
    let found = prefix ?? ConvNeXtConfiguration.prefixes(in: dict).first ?? ""
    try self.init(
      dict, prefixes: .init(repeating: found, count: 4), settings: settings, engine: engine,
      precision: precision)
  }

  /// The network whose stage i is read from `prefixes[i]`, as a detector of four replicas reads them.
  ///
  /// - Throws: ``ModelError`` where a tensor is missing or has the wrong shape, or the backbones differ in size.
  public init(
    _ dict: StateDict, prefixes: [String], settings: NetworkSettings = NetworkSettings(),
    engine: EngineKind = .fast,
    precision: Precision = .float32
  ) throws {
    guard prefixes.count == 4 else {
      throw ModelError.wrongInput("four stages need four prefixes, not \(prefixes.count)")
    }
    let isCut = ConvNeXtConfiguration.stagePrefixes(in: dict) == prefixes
    let configuration =
      isCut
      ? try ConvNeXtConfiguration(stagesOf: dict, under: prefixes)
      : try ConvNeXtConfiguration(inferredFrom: dict, prefix: prefixes[0])
    var (builder, stages) = (GraphBuilder(dict, settings), [Int]())
    var (own, prefix) = (configuration, prefixes[0])
    for index in configuration.depths.indices {
      if prefixes[index] != prefix {
        prefix = prefixes[index]
        if !isCut { own = try ConvNeXtConfiguration(inferredFrom: dict, prefix: prefix) }
        guard own.depths == configuration.depths, own.dims == configuration.dims else {
          throw ModelError.notSupported(
            "the backbones differ: depths \(configuration.depths) and dims \(configuration.dims) under "
              + "\(prefixes[0]), \(own.depths) and \(own.dims) under \(prefix)")
        }
      }
      stages.append(try own.buildStage(index, under: prefix, into: &builder, of: stages.last ?? 0))
    }
    head = try own.buildHead(under: prefix, into: &builder, of: stages[stages.count - 1])
    (self.configuration, self.stages) = (configuration, stages)
    assumptions = builder.assumptions
    network = try Network(builder.graph, engine, precision)
  }

  /// The outputs of the stages for normalised images, N×3×H×W; finest first.
  public func features(_ image: FeatureMap) throws -> [FeatureMap] { try network.run(image, stages) }

  /// The scores for normalised images, N×1×1×classes.
  public func callAsFunction(_ image: FeatureMap) throws -> FeatureMap {
    guard let logits = head.logits else { throw ModelError.notSupported("it has no classifier") }
    return try network.run(image, [logits])[0]
  }

  /// What can be computed: `feature.0` to `feature.3`; with a norm behind the last stage `pooled`, the normalised mean; and
  /// with a classifier `logits`.
  public var outputNames: [String] { values.map(\.name) }

  private var values: [(name: String, value: Int)] {
    stages.enumerated().map { ("feature.\($0)", $1) } + (head.pooled.map { [("pooled", $0)] } ?? [])
      + (head.logits.map { [("logits", $0)] } ?? [])
  }

  /// Lets go of the packed weights and the activations; the next run makes them anew.
  public func release() { network.engine.release() }

  /// The named outputs for normalised images; features are N×C×H×W, a classifier's outputs N×C.
  ///
  /// - Parameter observe: is shown each layer's output when it has been computed.
  public func outputs(
    _ names: [String], of image: FeatureMap, observe: ((LayerOutput) throws -> Void)? = nil
  ) throws -> [NetworkOutput] {
    let maps = try network.run(image, try names.map(value), observe: observe)
    return zip(names, maps).map { name, map in
      name.hasPrefix("feature.") ? NetworkOutput(name, map) : NetworkOutput(pooled: name, map)
    }
  }

  private func value(_ name: String) throws -> Int {
    guard let known = values.first(where: { $0.name == name }) else {
      throw ModelError.notSupported(
        "\"\(name)\" cannot be computed; \(outputNames.joined(separator: ", ")) can")
    }
    return known.value
  }
}

extension ConvNeXt {
  private func image(_ batch: Int, _ height: Int, _ width: Int) -> MapShape {
    MapShape(batch: batch, height: height, width: width, channels: configuration.inputChannels)
  }

  /// Refuses images of a size that cannot be run, before one is made.
  ///
  /// - Throws: ``ModelError`` naming the layer that does not fit, or what the machine does not have.
  public func validate(batch: Int, height: Int, width: Int) throws {
    try network.graph.validate(image(batch, height, width), outputs: [network.graph.nodes.count])
  }

  /// Makes everything ready for images of this size: reads the weights, packs them, compiles the layers.
  ///
  /// - Throws: ``ModelError``, and what reading throws.
  public func prepare(_ names: [String], batch: Int, height: Int, width: Int) throws {
    try network.engine.prepare(image(batch, height, width), outputs: try names.map(value))
  }

  /// The layers that the outputs need, with the multiply-accumulates of each for images of this size.
  public func costs(
    _ names: [String], batch: Int, height: Int, width: Int
  ) throws -> [(layer: String, multiplyAccumulates: Int)] {
    try network.graph.costs(image(batch, height, width), try names.map(value))
  }

  /// The layer scales of all blocks; none where the network was trained without.
  public func layerScales() throws -> [LayerScaleSummary] { try network.layerScales() }

  /// The names of the tensors that a forward pass reads.
  public var readNames: [String] { network.graph.readNames }
}
