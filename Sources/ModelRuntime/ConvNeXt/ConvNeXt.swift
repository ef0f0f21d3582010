public import Tensors

/// A ConvNeXt: a stem, four stages joined by downsample layers, and, where the file has one, a classifier.
///
/// Liu et al., A ConvNet for the 2020s, 2022; key names of facebookresearch/ConvNeXt.
public struct ConvNeXt: Sendable {
  public let configuration: ConvNeXtConfiguration
  private let dict: StateDict
  private let prefix: String
  private let stages: [ConvNeXtBlock]
  private let engine: any ComputeEngine

  /// The network whose tensors lie under `prefix`.
  ///
  /// Weights are read as the layers run.
  ///
  /// - Throws: ``ModelError`` where a tensor is missing or has the wrong shape.
  public init(_ dict: StateDict, prefix: String = "", engine: EngineKind = .oneDNN) throws {
    let configuration = try ConvNeXtConfiguration(inferredFrom: dict, prefix: prefix)
    let engine = try engine.make()
    (self.configuration, self.dict, self.prefix, self.engine) = (configuration, dict, prefix, engine)
    stages = try (0..<4).map { try ConvNeXtBlock(index: $0, dict, prefix: prefix, configuration, engine) }
  }

  /// The outputs of the four stages for normalised images, N×3×H×W; finest first.
  public func features(_ image: FeatureMap) throws -> [FeatureMap] { try ConvNeXt.chain(stages, image) }

  /// Runs stages one after the other and gives the output of each.
  public static func chain(_ stages: [ConvNeXtBlock], _ image: FeatureMap) throws -> [FeatureMap] {
    var features: [FeatureMap] = []
    for stage in stages { features.append(try stage(features.last ?? image)) }
    return features
  }

  /// The classifier's input: the mean over each channel's pixels, normalised.
  ///
  /// N×1×1×C.
  public func pooled(_ last: FeatureMap) throws -> FeatureMap {
    guard configuration.classes != nil else { throw ModelError.missing(key: prefix + "norm.weight") }
    var means = try FeatureMap(batch: last.batch, height: 1, width: 1, channels: last.channels)
    let area = last.height * last.width
    for image in 0..<last.batch {
      for channel in 0..<last.channels {
        var sum = 0.0
        for pixel in 0..<area { sum += Double(last.values[(image * area + pixel) * last.channels + channel]) }
        means.values[image * last.channels + channel] = Float(sum / Double(area))
      }
    }
    return try engine.normalize(
      means, LayerNorm(weight: try floats("norm.weight"), bias: try floats("norm.bias")))
  }

  /// A score for each class.
  ///
  /// N×1×1×classes.
  public func logits(pooled: FeatureMap) throws -> FeatureMap {
    let head = Linear(
      weight: try floats("head.weight"), bias: try floats("head.bias"), inputs: configuration.dims[3],
      outputs: configuration.classes ?? 0)
    return try engine.apply(head, to: pooled, gelu: false)
  }

  /// The scores for normalised images.
  public func callAsFunction(_ image: FeatureMap) throws -> FeatureMap {
    guard let last = try features(image).last else { throw ModelError.wrongInput("there are no stages") }
    return try logits(pooled: try pooled(last))
  }

  private func floats(_ name: String) throws -> [Float] {
    guard let tensor = dict[prefix + name] else { throw ModelError.missing(key: prefix + name) }
    return try tensor.floats()
  }
}
