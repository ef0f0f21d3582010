// Source: transformers, models/convnext/modeling_convnext.py. Its final norm has an epsilon of its own.
extension NamingScheme {
  public static let transformers = NamingScheme(
    "transformers",
    [
      .stemConvolution: "embeddings.patch_embeddings",
      .stemNorm: "embeddings.layernorm",
      .downNorm: "encoder.stages.{s}.downsampling_layer.0",
      .downConvolution: "encoder.stages.{s}.downsampling_layer.1",
      .layerScale: "encoder.stages.{s}.layers.{b}.layer_scale_parameter",
      .depthwise: "encoder.stages.{s}.layers.{b}.dwconv",
      .blockNorm: "encoder.stages.{s}.layers.{b}.layernorm",
      .pointwise1: "encoder.stages.{s}.layers.{b}.pwconv1",
      .pointwise2: "encoder.stages.{s}.layers.{b}.pwconv2",
      .outputNorm: "hidden_states_norms.stage{s+1}",
      .finalNorm: "layernorm",
      .classifier: "classifier",
    ], body: "convnext.", finalEpsilon: 1e-12)
}
