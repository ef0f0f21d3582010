internal import CSutureOneDNN
internal import SutureArchitectures
internal import SutureBytes
internal import SutureTensors

/// Divides each pixel's channels by their root mean square, or by their deviation, and multiplies by a weight; nothing is
/// subtracted, and there is no bias.
///
/// timm's `RmsNorm` and `SimpleNorm` (layers/norm.py); the latter's variance is the unbiased one.
struct RootMeanSquareNorm: Operation {
  let weight: Parameter
  let epsilon: Double
  /// Whether it divides by the deviation, as SimpleNorm.
  let isSimple: Bool

  init(
    _ start: String, in dict: StateDict, channels: Int, epsilon: Double = ConvNeXtConfiguration.epsilon,
    isSimple: Bool = false
  ) throws {
    weight = try Parameter(start + ".weight", in: dict, shape: [channels])
    (self.epsilon, self.isSimple) = (epsilon, isSimple)
  }

  var parameters: [Parameter] { [weight] }

  func output(for inputs: [MapShape]) throws -> MapShape {
    guard inputs[0].channels == weight.count else {
      throw ModelError.wrongInput("it normalises \(weight.count) channels and is given \(inputs[0].channels)")
    }
    return inputs[0]
  }

  /// What the channels of a pixel are multiplied by.
  @inline(__always)
  private func factor(_ channels: Int, _ value: (Int) -> Float) -> Double {
    var mean = 0.0
    if isSimple {
      for channel in 0..<channels { mean += Double(value(channel)) }
      mean /= Double(channels)
    }
    var squares = 0.0
    for channel in 0..<channels {
      let deviation = Double(value(channel)) - mean
      squares += deviation * deviation
    }
    return 1 / (squares / Double(isSimple ? channels - 1 : channels) + epsilon).squareRoot()
  }

  func compute(_ x: [FeatureMap], _ shape: MapShape) throws -> FeatureMap {
    var y = x[0]
    let weight = try weight.values()
    for row in 0..<y.rowCount {
      let start = row * y.channels
      let factor = factor(y.channels) { y.values[start + $0] }
      for channel in 0..<y.channels {
        y.values[start + channel] = Float(
          Double(y.values[start + channel]) * factor * Double(weight[channel]))
      }
    }
    return y
  }

  /// In place, each thread its own pixels.
  func compile(_ context: CompilerContext, _ inputs: [MapShape], _ output: MapShape) throws -> CompiledLayer {
    let (rows, channels) = (output.rows, output.channels)
    let request = unsafe WeightRequest(
      packed: try Layout([channels], dnnl_a), weightCount: channels, biasCount: 0,
      packing: .none { weights, _ in try unsafe weight.read(into: weights) })
    return CompiledLayer(weights: [request], replacedInput: 0) { buffers in
      // Each thread has rows of its own of the map.
      nonisolated(unsafe) let map = unsafe buffers.output.floats
      nonisolated(unsafe) let weight = unsafe buffers.weights[0].weights.floats
      return [
        {
          CompilerContext.divide(rows: rows, floats: channels) { own in
            for row in own {
              let pixel = unsafe map + row * channels
              let factor = Float(factor(channels) { unsafe pixel[$0] })
              for channel in 0..<channels {
                unsafe pixel[channel] = pixel[channel] * factor * weight[channel]
              }
            }
          }
        }
      ]
    }
  }
}

extension GraphBuilder {
  mutating func channelNorm(
    _ name: String, _ norm: ChannelNorm, channels: Int, epsilon: Double, of x: Int
  ) throws -> Int {
    guard case .withoutBias(let usuallySimple) = norm else {
      return try layerNorm(name, channels: channels, epsilon: epsilon, of: x)
    }
    let own = self.epsilon(of: name, .layer, usually: epsilon)
    let isSimple = simpleNorm(name, usually: usuallySimple)
    return graph.add(
      name,
      try RootMeanSquareNorm(name, in: dict, channels: channels, epsilon: own, isSimple: isSimple), [x])
  }
}
