// Source: timm, models/convnext.py.
extension NamingScheme {
  public static let timm = NamingScheme("timm", timmNames)

  /// timm's models that are built with `conv_mlp=True`, such as `convnext_atto`: the same names, but the weights of
  /// the pointwise layers are those of 1×1 convolutions.
  public static let timmConvolutional = NamingScheme("timm-conv-mlp", of: "timm", timmNames, pointwiseRank: 4)

  private static let timmNames: KeyValuePairs<ConvNeXtKey.Part, String> = [
    .stemConvolution: "stem.0",
    .stemNorm: "stem.1",
    .downNorm: "stages.{s}.downsample.0",
    .downConvolution: "stages.{s}.downsample.1",
    .layerScale: "stages.{s}.blocks.{b}.gamma",
    .depthwise: "stages.{s}.blocks.{b}.conv_dw",
    .blockNorm: "stages.{s}.blocks.{b}.norm",
    .pointwise1: "stages.{s}.blocks.{b}.mlp.fc1",
    .pointwise2: "stages.{s}.blocks.{b}.mlp.fc2",
    .finalNorm: "head.norm",
    .classifier: "head.fc",
  ]
}
