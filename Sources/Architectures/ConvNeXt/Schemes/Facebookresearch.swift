// Source: facebookresearch/ConvNeXt, models/convnext.py, which all others are translated from.
extension NamingScheme {
  public static let facebookresearch = NamingScheme(
    "facebookresearch",
    [
      .stemConvolution: "downsample_layers.0.0",
      .stemNorm: "downsample_layers.0.1",
      .downNorm: "downsample_layers.{s}.0",
      .downConvolution: "downsample_layers.{s}.1",
      .layerScale: "stages.{s}.{b}.gamma",
      .depthwise: "stages.{s}.{b}.dwconv",
      .blockNorm: "stages.{s}.{b}.norm",
      .pointwise1: "stages.{s}.{b}.pwconv1",
      .pointwise2: "stages.{s}.{b}.pwconv2",
      .outputNorm: "norm{s}",
      .finalNorm: "norm",
      .classifier: "head",
    ])
}
