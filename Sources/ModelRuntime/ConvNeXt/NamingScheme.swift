internal import SutureTensors

/// How a library names the tensors of a ConvNeXt.
public enum NamingScheme: String, Sendable, CaseIterable {
  /// facebookresearch/ConvNeXt, which all others are translated from.
  case facebook = "facebookresearch"
  case timm
  case torchvision
  case transformers
  /// mmpretrain and mmcls.
  case openMMLab = "OpenMMLab"

  /// The layers of a block.
  enum BlockPart { case depthwise, norm, first, second, scale }

  /// The name of the first convolution's weight, by which a backbone is recognised.
  var mark: String { downsample(0).convolution + ".weight" }

  /// The two layers before stage `index`: in the stem the convolution comes first, in the others the norm.
  func downsample(_ index: Int) -> (norm: String, convolution: String) {
    let start: String
    switch self {
    case .facebook, .openMMLab: start = "downsample_layers.\(index)."
    case .timm: start = index == 0 ? "stem." : "stages.\(index).downsample."
    case .torchvision: start = "features.\(2 * index)."
    case .transformers:
      if index == 0 { return ("embeddings.layernorm", "embeddings.patch_embeddings") }
      start = "encoder.stages.\(index).downsampling_layer."
    }
    return index == 0 ? (start + "1", start + "0") : (start + "0", start + "1")
  }

  /// A block's name, without a dot at the end.
  func block(_ stage: Int, _ block: Int) -> String {
    switch self {
    case .facebook, .openMMLab: "stages.\(stage).\(block)"
    case .timm: "stages.\(stage).blocks.\(block)"
    case .torchvision: "features.\(2 * stage + 1).\(block)"
    case .transformers: "encoder.stages.\(stage).layers.\(block)"
    }
  }

  /// The name of a layer within its block.
  func name(of part: BlockPart) -> String {
    let names =
      switch self {
      case .facebook: ["dwconv", "norm", "pwconv1", "pwconv2", "gamma"]
      case .timm: ["conv_dw", "norm", "mlp.fc1", "mlp.fc2", "gamma"]
      case .torchvision: ["block.0", "block.2", "block.3", "block.5", "layer_scale"]
      case .transformers: ["dwconv", "layernorm", "pwconv1", "pwconv2", "layer_scale_parameter"]
      case .openMMLab: ["depthwise_conv", "norm", "pointwise_conv1", "pointwise_conv2", "gamma"]
      }
    return switch part {
    case .depthwise: names[0]
    case .norm: names[1]
    case .first: names[2]
    case .second: names[3]
    case .scale: names[4]
    }
  }

  /// The last norm and the classifier of the backbone under `prefix`, by their full names.
  func head(under prefix: String) -> (norm: String, classifier: String) {
    /// The prefix of the whole network, of which the backbone is a part called `part`.
    func outer(_ part: String) -> String {
      prefix.hasSuffix(part) ? String(prefix.dropLast(part.count)) : prefix
    }
    return switch self {
    case .facebook: (prefix + "norm", prefix + "head")
    case .timm: (prefix + "head.norm", prefix + "head.fc")
    case .torchvision: (prefix + "classifier.0", prefix + "classifier.2")
    case .transformers: (prefix + "layernorm", outer("convnext.") + "classifier")
    case .openMMLab: (prefix + "norm3", outer("backbone.") + "head.fc")
    }
  }

  /// What the last norm adds to the variance: transformers' default is its own.
  var finalEpsilon: Double { self == .transformers ? 1e-12 : LayerNorm.usualEpsilon }

  /// The scheme of the backbone of `dict` whose first convolution is under `prefix`.
  static func find(in dict: StateDict, prefix: String) -> NamingScheme? {
    allCases.first {
      dict[prefix + $0.mark] != nil
        && dict["\(prefix)\($0.block(0, 0)).\($0.name(of: .depthwise)).weight"] != nil
    }
  }
}
