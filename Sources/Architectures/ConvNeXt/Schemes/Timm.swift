// Source: timm, models/convnext.py.
extension NamingScheme {
  public static let timm = NamingScheme("timm", timmNames, hasNormsWithoutBias: true)

  /// timm's models that are built with `conv_mlp=True`, such as `convnext_atto`: the same names, but the weights of
  /// the pointwise layers are those of 1×1 convolutions.
  public static let timmConvolutional = NamingScheme(
    "timm-conv-mlp", of: "timm", timmNames, pointwiseRank: 4, hasNormsWithoutBias: true)

  /// What `create_model(…, features_only=True)` makes of the same: a list of the modules that it runs, whose names have no
  /// dots.
  static let timmFeatures = features("timm-features", pointwiseRank: 2)
  static let timmConvolutionalFeatures = features("timm-conv-mlp-features", pointwiseRank: 4)

  private static func features(_ name: String, pointwiseRank: Int) -> NamingScheme {
    NamingScheme(
      name, of: "timm",
      timmNames.filter { $0.1.hasPrefix("st") }.map { part, name in
        let words = name.split(separator: ".", maxSplits: 1)
        return (part, words.joined(separator: "_"))
      }, pointwiseRank: pointwiseRank, hasNormsWithoutBias: true)
  }

  private static let timmNames: [(ConvNeXtKey.Part, String)] = [
    (.stemConvolution, "stem.0"),
    (.stemNorm, "stem.1"),
    (.stemThird, "stem.2"),
    (.stemFourth, "stem.3"),
    (.downNorm, "stages.{s}.downsample.0"),
    (.downConvolution, "stages.{s}.downsample.1"),
    (.layerScale, "stages.{s}.blocks.{b}.gamma"),
    (.depthwise, "stages.{s}.blocks.{b}.conv_dw"),
    (.blockNorm, "stages.{s}.blocks.{b}.norm"),
    (.pointwise1, "stages.{s}.blocks.{b}.mlp.fc1"),
    (.responseNorm, "stages.{s}.blocks.{b}.mlp.grn"),
    (.pointwise2, "stages.{s}.blocks.{b}.mlp.fc2"),
    (.mapNorm, "norm_pre"),
    (.finalNorm, "head.norm"),
    (.hiddenClassifier, "head.pre_logits.fc"),
    (.classifier, "head.fc"),
  ]
}
