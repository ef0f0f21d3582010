/// The layers that a network is made of: modules name them here, and the runtime makes a graph of them.
///
/// What is computed goes by numbers, of which 0 is the image. Every name of a tensor is whole,
/// `model.0.stages.0.0.gamma`; what is thrown says which does not fit.
package protocol NetworkBuilding {
  /// What the `Conv` of a YOLOv5 of that name ends in: `Conv.default_act`, where nothing says another.
  mutating func convolutionActivation(of name: String) throws -> Activation
  mutating func convolution(_ name: String, _ layer: ConvolutionLayer, of x: Int) throws -> Int
  /// Each pixel's channels, normalised: `<name>.weight` and `<name>.bias`.
  mutating func layerNorm(_ name: String, channels: Int, epsilon: Double, of x: Int) throws -> Int
  mutating func feedForward(
    _ name: String, _ layer: FeedForwardLayer, of x: Int, residual: Int
  ) throws -> Int
  /// Each pixel's channels times [outputs, inputs]: `<name>.weight` and `<name>.bias`.
  mutating func linear(_ name: String, inputs: Int, outputs: Int, of x: Int) throws -> Int
  /// The mean over each channel's pixels.
  mutating func mean(_ name: String, of x: Int) throws -> Int
  mutating func add(_ name: String, _ x: Int, _ y: Int) throws -> Int
  /// Channels of all inputs, one after the other.
  mutating func concat(_ name: String, _ x: [Int]) throws -> Int
  /// Each pixel becomes `factor`×`factor`.
  mutating func upsample(_ name: String, factor: Int, of x: Int) throws -> Int
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

  /// The height and width of the output for an input of this height and width.
  package static func outputSize(
    _ height: Int, _ width: Int, kernel: Int, stride: Int, padding: Int
  ) throws(ModuleMisfit) -> (height: Int, width: Int) {
    guard min(height, width) + 2 * padding >= kernel else {
      throw ModuleMisfit(
        "its input of \(height)×\(width) is smaller than its \(kernel)×\(kernel) kernel; a larger image is needed"
      )
    }
    return ((height + 2 * padding - kernel) / stride + 1, (width + 2 * padding - kernel) / stride + 1)
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

/// Maps that a layer cannot take, in words.
package struct ModuleMisfit: Error {
  package let reason: String

  init(_ reason: String) { self.reason = reason }
}
