public import SutureArchitectures
public import SutureTensors

/// One stage of a backbone with the downsampling before it: what a detector's `ConvNeXt_Block(index)` layer runs.
///
/// Of the whole backbone that lies under its prefix it reads `downsample_layers.<index>` and `stages.<index>`.
public struct ConvNeXtBlock: Sendable {
  public let index: Int
  private let network: Network
  private let output: Int

  /// Stage `index` of the backbone under `prefix`.
  ///
  /// - Throws: ``ModelError`` where a tensor that it reads is missing or has the wrong shape.
  public init(
    index: Int, _ dict: StateDict, prefix: String, settings: NetworkSettings = NetworkSettings(),
    engine: EngineKind = .fast, precision: Precision = .float32
  ) throws {
    guard (0..<4).contains(index) else { throw ModelError.wrongInput("there is no stage \(index)") }
    let configuration = try ConvNeXtConfiguration(inferredFrom: dict, prefix: prefix)
    var builder = GraphBuilder(dict, settings)
    output = try configuration.buildStage(index, under: prefix, into: &builder, of: 0)
    network = try Network(builder.graph, engine, precision)
    self.index = index
  }

  /// The stage's output for the output of the one before, or for an image.
  public func callAsFunction(_ x: FeatureMap) throws -> FeatureMap { try network.run(x, [output])[0] }
}
