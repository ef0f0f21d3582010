// Source: transformers, models/convnext/modeling_convnext.py and models/convnextv2/modeling_convnextv2.py. Their final norm
// has an epsilon of its own.
extension NamingScheme {
  public static let transformers = NamingScheme(
    "transformers",
    [
      (.stemConvolution, "embeddings.patch_embeddings"),
      (.stemNorm, "embeddings.layernorm"),
      (.downNorm, "encoder.stages.{s}.downsampling_layer.0"),
      (.downConvolution, "encoder.stages.{s}.downsampling_layer.1"),
      (.layerScale, "encoder.stages.{s}.layers.{b}.layer_scale_parameter"),
      (.depthwise, "encoder.stages.{s}.layers.{b}.dwconv"),
      (.blockNorm, "encoder.stages.{s}.layers.{b}.layernorm"),
      (.pointwise1, "encoder.stages.{s}.layers.{b}.pwconv1"),
      (.responseNorm, "encoder.stages.{s}.layers.{b}.grn"),
      (.pointwise2, "encoder.stages.{s}.layers.{b}.pwconv2"),
      (.outputNorm, "hidden_states_norms.stage{s+1}"),
      (.finalNorm, "layernorm"),
      (.classifier, "classifier"),
    ], body: "convnext.", body2: "convnextv2.", responseNormRank: 4, finalEpsilon: 1e-12)

  /// DINOv3's, whose files leave `model.` out.
  ///
  /// Source: transformers, models/dinov3_convnext/modeling_dinov3_convnext.py.
  public static let transformersDINOv3 = NamingScheme(
    "transformers-dinov3", of: "transformers (DINOv3)",
    [
      (.stemConvolution, "stages.0.downsample_layers.0"),
      (.stemNorm, "stages.0.downsample_layers.1"),
      (.downNorm, "stages.{s}.downsample_layers.0"),
      (.downConvolution, "stages.{s}.downsample_layers.1"),
      (.layerScale, "stages.{s}.layers.{b}.gamma"),
      (.depthwise, "stages.{s}.layers.{b}.depthwise_conv"),
      (.blockNorm, "stages.{s}.layers.{b}.layer_norm"),
      (.pointwise1, "stages.{s}.layers.{b}.pointwise_conv1"),
      (.pointwise2, "stages.{s}.layers.{b}.pointwise_conv2"),
      (.finalNorm, "layer_norm"),
    ], body: "model.", outside: [.finalNorm], bodyIsOptional: true, needsLayerScale: true)
}
