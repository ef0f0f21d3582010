// Source: mmpretrain, models/backbones/convnext.py, and the names of the files that it and mmcls published.
extension NamingScheme {
  public static let openmmlab = NamingScheme(
    "openmmlab", of: "OpenMMLab",
    [
      (.stemConvolution, "downsample_layers.0.0"),
      (.stemNorm, "downsample_layers.0.1"),
      (.downNorm, "downsample_layers.{s}.0"),
      (.downConvolution, "downsample_layers.{s}.1"),
      (.layerScale, "stages.{s}.{b}.gamma"),
      (.depthwise, "stages.{s}.{b}.depthwise_conv"),
      (.blockNorm, "stages.{s}.{b}.norm"),
      (.pointwise1, "stages.{s}.{b}.pointwise_conv1"),
      (.responseNorm, "stages.{s}.{b}.grn"),
      (.pointwise2, "stages.{s}.{b}.pointwise_conv2"),
      (.outputNorm, "norm{s}"),
      (.classifier, "head.fc"),
    ], body: "backbone.", leaves: [.responseNorm: ["gamma", "beta"]],
    finalNormIsLastOutputNorm: true)
}
