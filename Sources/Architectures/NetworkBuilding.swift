/// The layers that a network is made of: modules name them here, and the runtime makes a graph of them.
///
/// What is computed goes by numbers, of which 0 is the image. Every name of a tensor is whole,
/// `model.0.stages.0.0.gamma`; what is thrown says which does not fit.
package protocol NetworkBuilding {
  /// What the `Conv` of a YOLOv5 of that name ends in: `Conv.default_act`, where nothing says another.
  mutating func convolutionActivation(of name: String) throws -> Activation
  /// What the module of that name computes, as it says itself, or else as it usually does.
  func moduleActivation(_ name: String, usually: Activation) throws -> Activation
  /// What the blocks of a ConvNeXt are activated with, of which these are modules.
  mutating func blockActivation(ofModules modules: [String]) throws -> Activation
  /// - Parameter other: what is added at the end, behind the activation.
  mutating func convolution(_ name: String, _ layer: ConvolutionLayer, of x: Int, adding other: Int?) throws
    -> Int
  /// Each pixel's channels, normalised: `<name>.weight` and `<name>.bias`.
  mutating func layerNorm(_ name: String, channels: Int, epsilon: Double, of x: Int) throws -> Int
  /// The same, or without a bias.
  mutating func channelNorm(
    _ name: String, _ norm: ChannelNorm, channels: Int, epsilon: Double, of x: Int
  ) throws -> Int
  mutating func feedForward(
    _ name: String, _ layer: FeedForwardLayer, of x: Int, residual: Int
  ) throws -> Int
  /// Each pixel's channels times [outputs, inputs]: `<name>.weight` and `<name>.bias`.
  mutating func linear(_ name: String, inputs: Int, outputs: Int, of x: Int) throws -> Int
  mutating func linear(_ name: String, _ layer: LinearLayer, of x: Int) throws -> Int
  /// `nn.MultiheadAttention` without its projections: each of an image's pixels asks all of them.
  ///
  /// Queries and keys may have other channels than the values. In several areas, each so many pixels of an image one behind
  /// the other, they ask those of their own.
  mutating func attention(
    _ name: String, heads: Int, areas: Int, queries: Int, keys: Int, values: Int
  ) throws -> Int
  mutating func transposedConvolution(_ name: String, _ layer: TransposedLayer, of x: Int) throws -> Int
  /// `nn.BatchNorm2d` called `norm`, where there is one, and an activation.
  mutating func channelwise(_ name: String, norm: String?, _ activation: Activation, channels: Int, of x: Int)
    throws
    -> Int
  /// Each channel times its element of the tensor called `factors`.
  mutating func scaled(_ name: String, by factors: String, channels: Int, of x: Int) throws -> Int
  /// The largest of each window, as `nn.MaxPool2d`.
  mutating func maxPool(
    _ name: String, kernel: Int, stride: Int, padding: Int, roundsUp: Bool, of x: Int
  ) throws -> Int
  /// Zeros around each image, as `nn.ZeroPad2d`.
  mutating func zeroPad(_ name: String, _ padding: Padding, of x: Int) throws -> Int
  /// `gain`×`gain` pixels become the channels of one; `.rows` puts the pixels of a row next to each other.
  mutating func contract(_ name: String, gain: Int, order: PixelOrder, of x: Int) throws -> Int
  /// The other way round, as `Expand` has it.
  mutating func expand(_ name: String, gain: Int, of x: Int) throws -> Int
  /// The mean over each channel's pixels.
  mutating func mean(_ name: String, of x: Int) throws -> Int
  mutating func add(_ name: String, _ x: Int, _ y: Int) throws -> Int
  /// Whether the state dict holds the tensor of that name.
  func has(_ name: String) -> Bool
  /// The channels of these ranges alone, one range after the other.
  mutating func channels(_ name: String, _ ranges: [Range<Int>], of x: Int) throws -> Int
  /// Channels of all inputs, one after the other.
  mutating func concat(_ name: String, _ x: [Int]) throws -> Int
  /// Each pixel becomes `factor`×`factor`.
  mutating func upsample(_ name: String, factor: Int, of x: Int) throws -> Int
  /// The same with weighted sums of the pixels around.
  mutating func resample(_ name: String, factor: Int, mode: UpsampleMode, of x: Int) throws -> Int
}

extension NetworkBuilding {
  package mutating func convolution(_ name: String, _ layer: ConvolutionLayer, of x: Int) throws -> Int {
    try convolution(name, layer, of: x, adding: nil)
  }

  package mutating func maxPool(
    _ name: String, kernel: Int, stride: Int, padding: Int, of x: Int
  ) throws -> Int {
    try maxPool(name, kernel: kernel, stride: stride, padding: padding, roundsUp: false, of: x)
  }
}

/// How a larger map is made of a smaller one, as `nn.Upsample` does it.
package struct UpsampleMode: Sendable, Equatable {
  /// Of four by four pixels, not of two by two.
  package let isCubic: Bool
  /// Whether the pixels of the corners are the same in both maps.
  package let alignsCorners: Bool

  package init(isCubic: Bool, alignsCorners: Bool) {
    (self.isCubic, self.alignsCorners) = (isCubic, alignsCorners)
  }
}

/// A number of rows and one of columns.
package struct Sides: Hashable, Sendable, ExpressibleByIntegerLiteral {
  package let height: Int
  package let width: Int

  package init(height: Int, width: Int) { (self.height, self.width) = (height, width) }
  package init(_ both: Int) { self.init(height: both, width: both) }
  package init(integerLiteral value: Int) { self.init(value) }

  /// Of both, where they are the same.
  package var side: Int? { height == width ? height : nil }
  package var area: Int { height * width }
}

/// How many rows and columns are added at each side.
package struct Padding: Sendable, Hashable {
  package let left: Int
  package let right: Int
  package let top: Int
  package let bottom: Int

  package init(left: Int, right: Int, top: Int, bottom: Int) {
    (self.left, self.right, self.top, self.bottom) = (left, right, top, bottom)
  }
}

/// In which order the pixels of a square become channels.
package enum PixelOrder: Sendable { case rows, columns }

/// A linear map as `nn.Linear`, or some outputs of one.
package struct LinearLayer: Sendable {
  /// The names of its tensors.
  package let weight: String
  package let bias: String?
  package let inputs: Int
  package let outputs: Int
  /// Which of the tensors' rows it is, where there are more.
  package let part: (index: Int, count: Int)
  package let activation: Activation

  package init(
    weight: String, bias: String? = nil, inputs: Int, outputs: Int, part: (index: Int, count: Int) = (0, 1),
    activation: Activation = .none
  ) {
    (self.weight, self.bias, self.inputs, self.outputs) = (weight, bias, inputs, outputs)
    (self.part, self.activation) = (part, activation)
  }
}

/// A convolution that makes maps larger, as `nn.ConvTranspose2d`.
package struct TransposedLayer: Sendable {
  /// Of the weight: [in, out / groups, kernel, kernel].
  package let shape: [Int]
  package let hasBias: Bool
  package let stride: Int
  package let padding: Int
  package let outputPadding: Int
  package let groups: Int

  package init(
    shape: [Int], hasBias: Bool = true, stride: Int = 1, padding: Int = 0, outputPadding: Int = 0,
    groups: Int = 1
  ) {
    (self.shape, self.hasBias, self.stride) = (shape, hasBias, stride)
    (self.padding, self.outputPadding, self.groups) = (padding, outputPadding, groups)
  }

  /// The side of the output for an input of this side: (*n* − 1) · stride − 2 · padding + kernel + output padding.
  package func side(for input: Int) throws(ModuleMisfit) -> Int {
    let side = (input - 1) * stride - 2 * padding + shape[2] + outputPadding
    guard side > 0 else {
      throw ModuleMisfit("of \(input) pixels on a side nothing is left behind its padding")
    }
    return side
  }
}

/// A convolution as `nn.Conv2d`, with what stands directly before and behind it.
package struct ConvolutionLayer {
  /// The name of the weight without `.weight`.
  package let name: String
  /// Of the weight: [out, in / groups, kernel, kernel].
  package let shape: [Int]
  package var hasBias: Bool
  package var stride: Sides
  package var padding: Sides
  /// How far apart the pixels lie that a kernel reads.
  package var dilation: Int
  package var groups: Int
  /// A norm of each pixel's channels before it.
  package var layerNorm: String?
  /// A batch norm behind it.
  package var batchNorm: String?
  package var activation: Activation

  package init(
    _ name: String, shape: [Int], hasBias: Bool = true, stride: Sides = 1, padding: Sides = 0,
    dilation: Int = 1, groups: Int = 1, layerNorm: String? = nil, batchNorm: String? = nil,
    activation: Activation = .none
  ) {
    (self.name, self.shape, self.hasBias) = (name, shape, hasBias)
    (self.stride, self.padding, self.groups) = (stride, padding, groups)
    self.dilation = dilation
    (self.layerNorm, self.batchNorm, self.activation) = (layerNorm, batchNorm, activation)
  }

  /// The height and width of the output for an input of this height and width.
  ///
  /// - Parameter roundsUp: whether a window that reaches beyond the edge counts too, where it begins before it.
  package static func outputSize(
    _ height: Int, _ width: Int, kernel: Sides, stride: Sides, padding: Sides, dilation: Int = 1,
    roundsUp: Bool = false
  ) throws(ModuleMisfit) -> (height: Int, width: Int) {
    func size(_ input: Int, _ side: KeyPath<Sides, Int>) -> Int? {
      let (stride, padding) = (stride[keyPath: side], padding[keyPath: side])
      let rest = input + 2 * padding - dilation * (kernel[keyPath: side] - 1) - 1
      if rest < 0 { return nil }
      if roundsUp, rest % stride != 0, (rest / stride + 1) * stride < input + padding {
        return rest / stride + 2
      }
      return rest / stride + 1
    }
    guard let rows = size(height, \.height), let columns = size(width, \.width) else {
      throw ModuleMisfit(
        "its input of \(height)×\(width) is smaller than its \(kernel.height)×\(kernel.width) kernel; a larger image "
          + "is needed")
    }
    return (rows, columns)
  }
}

/// What follows the depthwise convolution in a block of ConvNeXt:
/// residual + scale · second(GRN(GELU(first(norm(x))))), pixel by pixel but for the GRN, which version 2 has.
package struct FeedForwardLayer {
  package let norm: String
  package let first: String
  package let second: String
  /// A network trained without layer scale has none.
  package let scale: String?
  package let channels: Int
  package let hidden: Int
  package var kind = ChannelNorm.layer
  /// The module, and its two tensors.
  package var responseNorm: (module: String, weight: String, bias: String)?

  package init(norm: String, first: String, second: String, scale: String?, channels: Int, hidden: Int) {
    (self.norm, self.first, self.second, self.scale) = (norm, first, second, scale)
    (self.channels, self.hidden) = (channels, hidden)
  }
}

/// Maps that a layer cannot take, in words.
package struct ModuleMisfit: Error {
  package let reason: String

  init(_ reason: String) { self.reason = reason }
}
