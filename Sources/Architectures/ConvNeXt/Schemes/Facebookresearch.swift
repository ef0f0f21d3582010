// Source: facebookresearch/ConvNeXt, models/convnext.py, and facebookresearch/ConvNeXt-V2, models/convnextv2.py, which all
// others are translated from.
extension NamingScheme {
  public static let facebookresearch = NamingScheme(
    "facebookresearch", names, borrowed: borrowed, responseNormRank: 4, leaves: responseNormLeaves,
    hasNormsWithoutBias: true)

  /// Meta's DINOv3: the same names, and the final norm once more among those of the stages, of which the others are none.
  ///
  /// Source: facebookresearch/dinov3, dinov3/models/convnext.py.
  public static let dinov3 = NamingScheme(
    "dinov3", of: "facebookresearch", names + [(.repeatedNorm, "norms.3")], borrowed: borrowed,
    required: .repeatedNorm, responseNormRank: 4, leaves: responseNormLeaves,
    hasNormsWithoutBias: true)

  /// A network without stages: `models/convnext_isotropic.py`.
  public static let isotropic = NamingScheme(
    "isotropic", of: "facebookresearch (isotropic)",
    [
      (.stemConvolution, "stem"),
      (.layerScale, "blocks.{b}.gamma"),
      (.depthwise, "blocks.{b}.dwconv"),
      (.blockNorm, "blocks.{b}.norm"),
      (.pointwise1, "blocks.{b}.pwconv1"),
      (.pointwise2, "blocks.{b}.pwconv2"),
      (.finalNorm, "norm"),
      (.classifier, "head"),
    ], marks: ["stem.weight", "blocks.0.dwconv.weight"], stageCount: 1)

  /// The pre-training of version 2, whose encoder sees what is not masked alone: its convolutions are MinkowskiEngine's.
  ///
  /// Source: facebookresearch/ConvNeXt-V2, models/convnextv2_sparse.py, and utils.py for the way to a dense one.
  public static let fcmae = NamingScheme(
    "fcmae", of: "facebookresearch",
    [
      (.stemConvolution, "downsample_layers.0.0"),
      (.stemNorm, "downsample_layers.0.1"),
      (.downNorm, "downsample_layers.{s}.0.ln"),
      (.downConvolution, "downsample_layers.{s}.1"),
      (.depthwise, "stages.{s}.{b}.dwconv"),
      (.blockNorm, "stages.{s}.{b}.norm.ln"),
      (.pointwise1, "stages.{s}.{b}.pwconv1.linear"),
      (.responseNorm, "stages.{s}.{b}.grn"),
      (.pointwise2, "stages.{s}.{b}.pwconv2.linear"),
    ], marks: ["downsample_layers.0.0.weight", "stages.0.0.dwconv.kernel"], responseNormRank: 2,
    leaves: responseNormLeaves.merging(
      [.downConvolution: ["kernel", "bias"], .depthwise: ["kernel", "bias"]]) { $1 }, isSparse: true)

  private static let responseNormLeaves: [ConvNeXtKey.Part: [String]] = [.responseNorm: ["gamma", "beta"]]

  /// What it has not, and timm has: with names for it the surgery takes timm's networks too.
  private static let borrowed: Set<ConvNeXtKey.Part> = [
    .stemThird, .stemFourth, .mapNorm, .hiddenClassifier,
  ]

  private static let names: [(ConvNeXtKey.Part, String)] = [
    (.stemConvolution, "downsample_layers.0.0"),
    (.stemNorm, "downsample_layers.0.1"),
    (.stemThird, "downsample_layers.0.2"),
    (.stemFourth, "downsample_layers.0.3"),
    (.downNorm, "downsample_layers.{s}.0"),
    (.downConvolution, "downsample_layers.{s}.1"),
    (.layerScale, "stages.{s}.{b}.gamma"),
    (.depthwise, "stages.{s}.{b}.dwconv"),
    (.blockNorm, "stages.{s}.{b}.norm"),
    (.pointwise1, "stages.{s}.{b}.pwconv1"),
    (.responseNorm, "stages.{s}.{b}.grn"),
    (.pointwise2, "stages.{s}.{b}.pwconv2"),
    (.outputNorm, "norm{s}"),
    (.mapNorm, "norm_pre"),
    (.finalNorm, "norm"),
    (.hiddenClassifier, "head.pre_logits"),
    (.classifier, "head"),
  ]
}
