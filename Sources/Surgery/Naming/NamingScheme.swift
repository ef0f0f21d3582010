/// How a library names the tensors of a ConvNeXt.
public enum NamingScheme: String, Sendable, CaseIterable {
  case facebookresearch
  case timm
  /// timm's models that are built with `conv_mlp=True`, such as `convnext_atto`: the same names, but the weights of
  /// the pointwise layers are those of 1×1 convolutions.
  case timmConvolutional = "timm-conv-mlp"
  case torchvision
  case transformers
  case openmmlab

  var table: NamingTable {
    switch self {
    case .facebookresearch: .facebookresearch
    case .timm: .timm
    case .timmConvolutional: .timmConvolutional
    case .torchvision: .torchvision
    case .transformers: .transformers
    case .openmmlab: .openmmlab
    }
  }
}
