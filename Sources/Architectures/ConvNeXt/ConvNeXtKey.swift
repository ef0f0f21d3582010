/// What a tensor of a ConvNeXt is, whatever it is called.
package struct ConvNeXtKey: Hashable, Sendable {
  /// A module that has tensors of its own.
  package enum Part: Hashable, Sendable, CaseIterable {
    case stemConvolution, stemNorm
    /// Before stage 1, 2, 3.
    case downNorm, downConvolution
    case layerScale, depthwise, blockNorm, pointwise1, pointwise2
    /// A norm for the output of one stage, as detectors have it.
    case outputNorm
    case finalNorm, classifier

    /// The convolution before stage `index`, and its norm: in the stem the norm comes behind it, in the others before.
    package static func downsampling(_ index: Int) -> (convolution: Part, norm: Part) {
      index == 0 ? (.stemConvolution, .stemNorm) : (.downConvolution, .downNorm)
    }

    /// Whether every block has one.
    package var isOfBlock: Bool {
      switch self {
      case .layerScale, .depthwise, .blockNorm, .pointwise1, .pointwise2: true
      default: false
      }
    }
  }

  package enum Leaf: String, Sendable, CaseIterable { case weight, bias }

  package let part: Part
  /// 0 where the part is of no stage.
  package var stage: Int
  package var block: Int
  /// `nil` for the layer scale, which is a tensor itself.
  package var leaf: Leaf?

  package init(part: Part, stage: Int = 0, block: Int = 0, leaf: Leaf? = nil) {
    (self.part, self.stage, self.block, self.leaf) = (part, stage, block, leaf)
  }
}
