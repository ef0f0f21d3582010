/// What a tensor of a ConvNeXt is, whatever it is called.
struct ConvNeXtKey: Hashable, Sendable {
  /// A module that has tensors of its own.
  enum Part: Hashable, Sendable, CaseIterable {
    case stemConvolution, stemNorm
    /// Before stage 1, 2, 3.
    case downNorm, downConvolution
    case layerScale, depthwise, blockNorm, pointwise1, pointwise2
    /// A norm for the output of one stage, as detectors have it.
    case outputNorm
    case finalNorm, classifier
  }

  enum Leaf: String, Sendable, CaseIterable { case weight, bias }

  let part: Part
  /// 0 where the part is of no stage.
  var stage = 0
  var block = 0
  /// `nil` for the layer scale, which is a tensor itself.
  var leaf: Leaf?
}
