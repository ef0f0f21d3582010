internal import SutureArchitectures

/// What a node of a graph computes.
enum Operation: Sendable {
  case convolution(Convolution)
  case layerNorm(LayerNorm)
  /// Inputs: what the depthwise convolution gave, and the residual.
  case feedForward(FeedForward)
  case linear(Linear)
  /// The mean over each channel's pixels.
  case mean
  case add
  /// Channels of all inputs, one after the other.
  case concat
  /// Each pixel becomes `factor`×`factor`.
  case upsample(factor: Int)

  /// The output's shape.
  ///
  /// - Throws: ``ModelError`` where the inputs do not fit.
  func output(for inputs: [MapShape]) throws -> MapShape {
    let x = inputs[0]
    switch self {
    case .convolution(let layer): return try layer.output(for: x)
    case .layerNorm(let layer):
      guard x.channels == layer.weight.count else {
        throw ModelError.wrongInput("it normalises \(layer.weight.count) channels and is given \(x.channels)")
      }
      return x
    case .feedForward(let layer):
      let y = try layer.second.output(for: try layer.first.output(for: x))
      guard y == inputs[1] else {
        throw ModelError.wrongInput("its residual is \(inputs[1].text), but the block gives \(y.text)")
      }
      return y
    case .linear(let layer): return try layer.output(for: x)
    case .mean: return MapShape(batch: x.batch, height: 1, width: 1, channels: x.channels)
    case .add:
      guard x == inputs[1] else { throw ModelError.wrongInput("it adds \(inputs[1].text) to \(x.text)") }
      return x
    case .concat:
      for other in inputs.dropFirst() where (other.height, other.width) != (x.height, x.width) {
        throw ModelError.wrongInput(
          "it joins maps of \(x.height)×\(x.width) and of \(other.height)×\(other.width) pixels; "
            + "an image whose sides are multiples of 32 is needed")
      }
      let channels = inputs.reduce(0) { $0 + $1.channels }
      return MapShape(batch: x.batch, height: x.height, width: x.width, channels: channels)
    case .upsample(let factor):
      return MapShape(
        batch: x.batch, height: x.height * factor, width: x.width * factor, channels: x.channels)
    }
  }

  /// Multiply-accumulates of convolutions and linear layers; norms and activations are not counted.
  func multiplyAccumulates(_ inputs: [MapShape], _ output: MapShape) -> Int {
    switch self {
    case .convolution(let layer):
      output.count * (layer.inputChannels / layer.groups) * layer.kernel * layer.kernel
    case .feedForward(let layer): output.count * 2 * layer.first.outputs
    case .linear(let layer): output.count * layer.inputs
    case .layerNorm, .mean, .add, .concat, .upsample: 0
    }
  }

  /// The tensors that it reads.
  var parameters: [Parameter] {
    switch self {
    case .convolution(let layer):
      let norm = layer.batchNorm.map { [$0.weight, $0.bias, $0.mean, $0.variance] } ?? []
      return [layer.weight] + (layer.bias.map { [$0] } ?? []) + norm
        + (layer.norm.map { [$0.weight, $0.bias] } ?? [])
    case .layerNorm(let norm): return [norm.weight, norm.bias]
    case .feedForward(let layer):
      return [layer.norm.weight, layer.norm.bias, layer.first.weight, layer.first.bias, layer.second.weight]
        + [layer.second.bias] + (layer.scale.map { [$0] } ?? [])
    case .linear(let layer): return [layer.weight, layer.bias]
    case .mean, .add, .concat, .upsample: return []
    }
  }
}
