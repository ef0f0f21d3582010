public import Tensors

/// One stage of a backbone with the downsampling before it: what a detector's `ConvNeXt_Block(index)` layer runs.
///
/// Of the whole backbone that lies under its prefix it reads `downsample_layers.<index>` and `stages.<index>`, when
/// it is called, block by block.
public struct ConvNeXtBlock: Sendable {
  public let index: Int
  private let dict: StateDict
  private let prefix: String
  private let configuration: ConvNeXtConfiguration
  private let engine: any ComputeEngine

  /// Stage `index` of the backbone under `prefix`.
  public init(index: Int, _ dict: StateDict, prefix: String, engine: EngineKind = .oneDNN) throws {
    try self.init(
      index: index, dict, prefix: prefix, try ConvNeXtConfiguration(inferredFrom: dict, prefix: prefix),
      try engine.make())
  }

  init(
    index: Int, _ dict: StateDict, prefix: String, _ configuration: ConvNeXtConfiguration,
    _ engine: any ComputeEngine
  ) throws {
    guard (0..<4).contains(index) else { throw ModelError.wrongInput("there is no stage \(index)") }
    (self.index, self.dict, self.prefix) = (index, dict, prefix)
    (self.configuration, self.engine) = (configuration, engine)
  }

  /// The stage's output for the output of the one before, or for an image.
  public func callAsFunction(_ x: FeatureMap) throws -> FeatureMap {
    var x = try downsample(x)
    for block in 0..<configuration.depths[index] { x = try run(block, x) }
    return x
  }

  private func downsample(_ x: FeatureMap) throws -> FeatureMap {
    let start = "\(prefix)downsample_layers.\(index)."
    let kernel = index == 0 ? 4 : 2
    let input = index == 0 ? configuration.inputChannels : configuration.dims[index - 1]
    let convolution = Conv2d(
      weight: try floats(start + (index == 0 ? "0.weight" : "1.weight")),
      bias: try floats(start + (index == 0 ? "0.bias" : "1.bias")), inputChannels: input,
      outputChannels: configuration.dims[index], kernel: kernel, stride: kernel, padding: 0, groups: 1)
    // The stem convolves, then normalises; the others turn it round.
    if index == 0 { return try engine.normalize(try engine.convolve(x, convolution), try norm(start + "1")) }
    guard x.channels == input else {
      throw ModelError.wrongInput("stage \(index) takes \(input) channels, but was given \(x.channels)")
    }
    return try engine.convolve(try engine.normalize(x, try norm(start + "0")), convolution)
  }

  private func run(_ block: Int, _ x: FeatureMap) throws -> FeatureMap {
    let start = "\(prefix)stages.\(index).\(block)."
    let width = configuration.dims[index]
    let depthwise = Conv2d(
      weight: try floats(start + "dwconv.weight"), bias: try floats(start + "dwconv.bias"),
      inputChannels: width,
      outputChannels: width, kernel: 7, stride: 1, padding: 3, groups: width)
    var y = try engine.normalize(try engine.convolve(x, depthwise), try norm(start + "norm"))
    y = try engine.apply(try linear(start + "pwconv1", width, 4 * width), to: y, gelu: true)
    y = try engine.apply(try linear(start + "pwconv2", 4 * width, width), to: y, gelu: false)
    return add(x, y, scale: try layerScale(start + "gamma", width))
  }

  /// x + scale · y, channel by channel.
  private func add(_ x: FeatureMap, _ y: FeatureMap, scale: [Float]?) -> FeatureMap {
    var result = x
    let scale = scale ?? [Float](repeating: 1, count: x.channels)
    for row in 0..<x.rowCount {
      let start = row * x.channels
      for channel in 0..<x.channels {
        result.values[start + channel] += scale[channel] * y.values[start + channel]
      }
    }
    return result
  }

  // MARK: Weights

  private func floats(_ key: String) throws -> [Float] {
    guard let tensor = dict[key] else { throw ModelError.missing(key: key) }
    return try tensor.floats()
  }

  private func norm(_ start: String) throws -> LayerNorm {
    LayerNorm(weight: try floats(start + ".weight"), bias: try floats(start + ".bias"))
  }

  private func linear(_ start: String, _ inputs: Int, _ outputs: Int) throws -> Linear {
    Linear(
      weight: try floats(start + ".weight"), bias: try floats(start + ".bias"), inputs: inputs,
      outputs: outputs)
  }

  /// A network trained without layer scale has no `gamma`.
  private func layerScale(_ key: String, _ width: Int) throws -> [Float]? {
    guard let tensor = dict[key] else { return nil }
    guard tensor.shape == [width] else {
      throw ModelError.wrongShape(key: key, expected: [width], found: tensor.shape)
    }
    return try tensor.floats()
  }
}
