/// What follows the depthwise convolution in a block of ConvNeXt:
/// residual + scale · second(GELU(first(norm(x)))), pixel by pixel.
struct FeedForward: Sendable {
  let norm: LayerNorm
  /// C to 4C.
  let first: Linear
  /// 4C to C.
  let second: Linear
  /// The layer scale, [C]; a network trained without has none.
  let scale: Parameter?
}
