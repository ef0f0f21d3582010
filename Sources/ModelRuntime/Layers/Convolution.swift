internal import SutureArchitectures

/// A convolution over N×C×H×W as `nn.Conv2d`, with what stands directly before and behind it.
struct Convolution: Sendable {
  /// [out, in / groups, kernel, kernel].
  let weight: Parameter
  let bias: Parameter?
  let inputChannels: Int
  let outputChannels: Int
  let kernel: Int
  let stride: Int
  let padding: Int
  let groups: Int
  /// Each pixel's channels are normalised first; only where there is no padding.
  var norm: LayerNorm?
  var batchNorm: BatchNorm?
  var activation = Activation.none

  func outputSize(_ size: Int) -> Int { (size + 2 * padding - kernel) / stride + 1 }

  /// The shape of the output for an input of shape `x`.
  func output(for x: MapShape) throws -> MapShape {
    guard x.channels == inputChannels else {
      throw ModelError.wrongInput("it takes \(inputChannels) channels and is given \(x.channels)")
    }
    guard x.height + 2 * padding >= kernel, x.width + 2 * padding >= kernel else {
      throw ModelError.wrongInput(
        "its input of \(x.height)×\(x.width) is smaller than its \(kernel)×\(kernel) kernel; a larger image is needed"
      )
    }
    return MapShape(
      batch: x.batch, height: outputSize(x.height), width: outputSize(x.width), channels: outputChannels)
  }
}

/// What is applied to each element of a layer's output.
enum Activation: Sendable {
  case none
  /// The exact form, with erf.
  case gelu
  /// x · σ(x), which YOLOv5 calls SiLU.
  case silu
}
