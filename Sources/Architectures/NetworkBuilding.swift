/// The layers that a network is made of: modules name them here, and the runtime makes a graph of them.
///
/// Every name of a tensor is whole, `model.0.stages.0.0.gamma`. What a layer throws says which tensor does not fit.
package protocol NetworkBuilding {
  /// What a layer computes, for others to read.
  associatedtype Value

  mutating func convolution(_ name: String, _ layer: ConvolutionLayer, of x: Value) throws -> Value
  /// Each pixel's channels, normalised: `<name>.weight` and `<name>.bias`.
  mutating func layerNorm(_ name: String, channels: Int, epsilon: Double, of x: Value) throws -> Value
  mutating func feedForward(
    _ name: String, _ layer: FeedForwardLayer, of x: Value, residual: Value
  ) throws -> Value
  /// Each pixel's channels times [outputs, inputs]: `<name>.weight` and `<name>.bias`.
  mutating func linear(_ name: String, inputs: Int, outputs: Int, of x: Value) throws -> Value
  /// The mean over each channel's pixels.
  mutating func mean(_ name: String, of x: Value) throws -> Value
  mutating func add(_ name: String, _ x: Value, _ y: Value) throws -> Value
  /// Channels of all inputs, one after the other.
  mutating func concat(_ name: String, _ x: [Value]) throws -> Value
  /// Each pixel becomes `factor`×`factor`.
  mutating func upsample(_ name: String, factor: Int, of x: Value) throws -> Value
}

/// What is applied to each element of a layer's output.
package enum Activation: Sendable {
  case none
  /// The exact form, with erf.
  case gelu
  /// x · σ(x), which YOLOv5 calls SiLU.
  case silu
}

/// A convolution as `nn.Conv2d`, with what stands directly before and behind it.
package struct ConvolutionLayer {
  /// The name of the weight without `.weight`.
  package let name: String
  /// Of the weight: [out, in / groups, kernel, kernel].
  package let shape: [Int]
  package var hasBias: Bool
  package var stride: Int
  package var padding: Int
  package var groups: Int
  /// A norm of each pixel's channels before it.
  package var layerNorm: String?
  /// A batch norm behind it.
  package var batchNorm: String?
  package var activation: Activation

  package init(
    _ name: String, shape: [Int], hasBias: Bool = true, stride: Int = 1, padding: Int = 0, groups: Int = 1,
    layerNorm: String? = nil, batchNorm: String? = nil, activation: Activation = .none
  ) {
    (self.name, self.shape, self.hasBias) = (name, shape, hasBias)
    (self.stride, self.padding, self.groups) = (stride, padding, groups)
    (self.layerNorm, self.batchNorm, self.activation) = (layerNorm, batchNorm, activation)
  }

  /// The side of the output for an input of side `side`.
  package static func outputSide(_ side: Int, kernel: Int, stride: Int, padding: Int) -> Int {
    (side + 2 * padding - kernel) / stride + 1
  }
}

/// What follows the depthwise convolution in a block of ConvNeXt:
/// residual + scale · second(GELU(first(norm(x)))), pixel by pixel.
package struct FeedForwardLayer {
  package let norm: String
  package let first: String
  package let second: String
  /// A network trained without layer scale has none.
  package let scale: String
  package let channels: Int
  package let hidden: Int

  package init(norm: String, first: String, second: String, scale: String, channels: Int, hidden: Int) {
    (self.norm, self.first, self.second, self.scale) = (norm, first, second, scale)
    (self.channels, self.hidden) = (channels, hidden)
  }
}
