public import SutureArchitectures
public import SutureTensors

/// A ConvNeXt: a stem, four stages joined by downsample layers, and, where the file has one, a classifier.
///
/// Liu et al., A ConvNet for the 2020s, 2022. Names of facebookresearch, timm, torchvision, transformers and OpenMMLab.
public struct ConvNeXt: Sendable {
  public let configuration: ConvNeXtConfiguration
  let network: Network
  /// The values of the four stages' outputs.
  private let stages: [Int]
  private let head: (pooled: Int, logits: Int)?

  /// The network whose tensors lie under `prefix`; under the only prefix there is where none is given.
  ///
  /// Looks at names and shapes; weights are read when a layer first runs, each once.
  ///
  /// - Throws: ``ModelError`` where a tensor is missing or has the wrong shape.
  public init(
    _ dict: StateDict, prefix: String? = nil, engine: EngineKind = .fast, precision: Precision = .float32
  ) throws {
    let found = prefix ?? ConvNeXtConfiguration.prefixes(in: dict).first ?? ""
    try self.init(dict, prefixes: .init(repeating: found, count: 4), engine: engine, precision: precision)
  }

  /// The network whose stage i is read from `prefixes[i]`, as a detector of four replicas reads them.
  ///
  /// - Throws: ``ModelError`` where a tensor is missing or has the wrong shape, or the backbones differ in size.
  public init(
    _ dict: StateDict, prefixes: [String], engine: EngineKind = .fast, precision: Precision = .float32
  ) throws {
    guard prefixes.count == 4 else {
      throw ModelError.wrongInput("four stages need four prefixes, not \(prefixes.count)")
    }
    var (graph, stages) = (Graph(), [Int]())
    let configuration = try ConvNeXtConfiguration(inferredFrom: dict, prefix: prefixes[0])
    var builder = ConvNeXtBuilder(dict: dict, prefix: prefixes[0], configuration: configuration)
    for index in 0..<4 {
      if prefixes[index] != builder.prefix {
        let own = try ConvNeXtConfiguration(inferredFrom: dict, prefix: prefixes[index])
        guard own.depths == configuration.depths, own.dims == configuration.dims else {
          throw ModelError.notSupported(
            "the backbones differ: depths \(configuration.depths) and dims \(configuration.dims) under "
              + "\(prefixes[0]), \(own.depths) and \(own.dims) under \(prefixes[index])")
        }
        builder = ConvNeXtBuilder(dict: dict, prefix: prefixes[index], configuration: own)
      }
      stages.append(try builder.addStage(index, to: &graph, stages.last ?? 0))
    }
    head = try builder.addHead(to: &graph, stages[3])
    (self.configuration, self.stages) = (configuration, stages)
    network = try Network(graph, engine, precision)
  }

  /// The outputs of the four stages for normalised images, N×3×H×W; finest first.
  public func features(_ image: FeatureMap) throws -> [FeatureMap] { try network.run(image, stages) }

  /// The scores for normalised images, N×1×1×classes.
  public func callAsFunction(_ image: FeatureMap) throws -> FeatureMap {
    guard let head else { throw ModelError.missing(key: "norm.weight") }
    return try network.run(image, [head.logits])[0]
  }

  /// What can be computed: `feature.0` to `feature.3`, and with a classifier `pooled` (its normalised input) and
  /// `logits`.
  public var outputNames: [String] {
    (0..<4).map { "feature.\($0)" } + (head == nil ? [] : ["pooled", "logits"])
  }

  /// Lets go of the packed weights and the activations; the next run makes them anew.
  public func release() { network.release() }

  /// The named outputs for normalised images; features are N×C×H×W, a classifier's outputs N×C.
  ///
  /// - Parameter watch: is shown each layer's output when it has been computed.
  public func outputs(
    _ names: [String], of image: FeatureMap, watch: ((LayerOutput) throws -> Void)? = nil
  ) throws -> [NetworkOutput] {
    let maps = try network.run(image, try names.map(value), watch: watch)
    return zip(names, maps).map { name, map in
      name.hasPrefix("feature.") ? NetworkOutput(name, map) : NetworkOutput(pooled: name, map)
    }
  }

  func value(_ name: String) throws -> Int {
    let values = stages + (head.map { [$0.pooled, $0.logits] } ?? [])
    guard let index = outputNames.firstIndex(of: name) else {
      throw ModelError.notSupported(
        "\"\(name)\" cannot be computed; \(outputNames.joined(separator: ", ")) can")
    }
    return values[index]
  }
}
