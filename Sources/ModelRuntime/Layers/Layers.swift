/// A convolution over N×C×H×W, as `nn.Conv2d`.
struct Conv2d: Sendable {
  /// [out, in / groups, kernel, kernel], row-major.
  let weight: [Float]
  let bias: [Float]
  let inputChannels: Int
  let outputChannels: Int
  let kernel: Int
  let stride: Int
  let padding: Int
  let groups: Int

  func outputSize(_ size: Int) -> Int { (size + 2 * padding - kernel) / stride + 1 }

  /// An empty map of the output's shape for `x`.
  func output(for x: FeatureMap) throws -> FeatureMap {
    guard x.channels == inputChannels else {
      throw ModelError.wrongInput("a convolution of \(inputChannels) channels was given \(x.channels)")
    }
    guard x.height + 2 * padding >= kernel, x.width + 2 * padding >= kernel else {
      throw ModelError.wrongInput(
        "an input of \(x.height)×\(x.width) is smaller than the \(kernel)×\(kernel) kernel; a larger image is needed"
      )
    }
    return try FeatureMap(
      batch: x.batch, height: outputSize(x.height), width: outputSize(x.width), channels: outputChannels)
  }
}

/// A linear map of each pixel's channels, as `nn.Linear` on N×H×W×C.
struct Linear: Sendable {
  /// [out, in], row-major.
  let weight: [Float]
  let bias: [Float]
  let inputs: Int
  let outputs: Int

  func output(for x: FeatureMap) throws -> FeatureMap {
    guard x.channels == inputs else {
      throw ModelError.wrongInput("a linear layer of \(inputs) inputs was given \(x.channels)")
    }
    return try FeatureMap(batch: x.batch, height: x.height, width: x.width, channels: outputs)
  }
}

/// Normalises each pixel's channels with the biased variance, as `nn.LayerNorm`.
struct LayerNorm: Sendable {
  let weight: [Float]
  let bias: [Float]

  /// The same in every layer of ConvNeXt.
  static let epsilon = 1e-6
}
