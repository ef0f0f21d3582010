/// What a tensor of a ConvNeXt is, whatever it is called.
package struct ConvNeXtKey: Hashable, Sendable {
  /// A module that has tensors of its own.
  package enum Part: Hashable, Sendable, CaseIterable {
    /// The first module of the stem.
    case stemConvolution
    /// The second; where two convolutions overlap, the second of them.
    case stemNorm
    /// The third and the fourth, which only stems of two convolutions have: timm's, whose second module may be an activation.
    case stemThird, stemFourth
    /// Before stage 1, 2, 3.
    case downNorm, downConvolution
    case layerScale, depthwise, blockNorm, pointwise1
    /// Global response normalisation, which version 2 has between the pointwise layers.
    case responseNorm
    case pointwise2
    /// A norm for the output of one stage, as detectors have it.
    case outputNorm
    /// A norm of the last stage's map, before its mean is taken.
    case mapNorm
    case finalNorm
    /// The final norm once more, which DINOv3 has among the norms of its stages.
    case repeatedNorm
    /// What timm puts between the final norm and the classifier.
    case hiddenClassifier
    case classifier

    /// The convolution before stage `index`, and its norm: in the stem the norm comes behind it, in the others before.
    package static func downsampling(_ index: Int) -> (convolution: Part, norm: Part) {
      index == 0 ? (.stemConvolution, .stemNorm) : (.downConvolution, .downNorm)
    }

    /// Whether every block has one.
    package var isOfBlock: Bool {
      switch self {
      case .layerScale, .depthwise, .blockNorm, .pointwise1, .responseNorm, .pointwise2: true
      default: false
      }
    }

    /// Whether some networks have one in every block, and others in none.
    package var isOptionalInBlock: Bool { self == .layerScale || self == .responseNorm }

    /// Whether it normalises the channels of a pixel, but for the stem; RMSNorms do it without a bias.
    package var isNorm: Bool {
      switch self {
      case .downNorm, .blockNorm, .outputNorm, .mapNorm, .finalNorm, .repeatedNorm: true
      default: false
      }
    }

    /// Whether it is behind the first convolution of the stem, where some have a norm and others a convolution.
    package var isOfStem: Bool { self == .stemNorm || self == .stemThird || self == .stemFourth }

    /// What the documentation's tables call it, which have a row for each.
    package var label: String {
      switch self {
      case .stemConvolution: "first convolution of the stem"
      case .stemNorm: "its norm"
      case .stemThird: "second convolution of the stem"
      case .stemFourth: "its norm, where there are two"
      case .downNorm: "norm before stage s"
      case .downConvolution: "convolution before stage s"
      case .layerScale: "layer scale"
      case .depthwise: "depthwise convolution"
      case .blockNorm: "norm of the block"
      case .pointwise1: "first pointwise layer"
      case .responseNorm: "global response normalisation"
      case .pointwise2: "second pointwise layer"
      case .outputNorm: "norm of the output of stage s"
      case .mapNorm: "norm before the mean"
      case .finalNorm: "final norm"
      case .repeatedNorm: "final norm once more"
      case .hiddenClassifier: "hidden layer of the classifier"
      case .classifier: "classifier"
      }
    }

    /// What a message calls it.
    package var words: String {
      switch self {
      case .outputNorm: "the norm of the output"
      case .responseNorm: "the GRN of version 2"
      case .layerScale: "the layer scale"
      case .mapNorm: "a norm before the mean is taken"
      case .repeatedNorm: "the final norm once more"
      case .hiddenClassifier: "a hidden layer of the classifier"
      case .stemThird, .stemFourth: "a stem of two convolutions"
      case .stemNorm: "a norm of the stem"
      case .downNorm, .downConvolution: "layers between stages"
      case .classifier: "a classifier"
      case .finalNorm: "the final norm"
      case .stemConvolution: "a stem"
      case .depthwise, .blockNorm, .pointwise1, .pointwise2: "a block"
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

  /// All tensors of a part.
  package static func keys(_ part: Part, stage: Int = 0, block: Int = 0) -> [ConvNeXtKey] {
    (part == .layerScale ? [nil] : [.weight, .bias]).map {
      ConvNeXtKey(part: part, stage: stage, block: block, leaf: $0)
    }
  }
}
