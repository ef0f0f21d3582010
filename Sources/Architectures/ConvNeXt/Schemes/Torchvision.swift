// Source: torchvision, models/convnext.py.
extension NamingScheme {
  public static let torchvision = NamingScheme(
    "torchvision",
    [
      (.stemConvolution, "features.0.0"),
      (.stemNorm, "features.0.1"),
      (.downNorm, "features.{2s}.0"),
      (.downConvolution, "features.{2s}.1"),
      (.layerScale, "features.{2s+1}.{b}.layer_scale"),
      (.depthwise, "features.{2s+1}.{b}.block.0"),
      (.blockNorm, "features.{2s+1}.{b}.block.2"),
      (.pointwise1, "features.{2s+1}.{b}.block.3"),
      (.pointwise2, "features.{2s+1}.{b}.block.5"),
      (.finalNorm, "classifier.0"),
      (.classifier, "classifier.2"),
    ], layerScaleRank: 3, needsLayerScale: true)

  /// The layers of `features` in a `Sequential` of their own, as Ultralytics' module TorchVision unwraps them.
  static let torchvisionLayers = NamingScheme(
    "torchvision-layers", of: "torchvision",
    [
      (.stemConvolution, "0.0"),
      (.stemNorm, "0.1"),
      (.downNorm, "{2s}.0"),
      (.downConvolution, "{2s}.1"),
      (.layerScale, "{2s+1}.{b}.layer_scale"),
      (.depthwise, "{2s+1}.{b}.block.0"),
      (.blockNorm, "{2s+1}.{b}.block.2"),
      (.pointwise1, "{2s+1}.{b}.block.3"),
      (.pointwise2, "{2s+1}.{b}.block.5"),
    ], layerScaleRank: 3, needsLayerScale: true)
}
