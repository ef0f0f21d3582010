/// The tables, with the same meanings in the same order.
///
/// Sources: facebookresearch/ConvNeXt `models/convnext.py`; timm `models/convnext.py`; torchvision
/// `models/convnext.py`; transformers `models/convnext/modeling_convnext.py`; mmpretrain
/// `models/backbones/convnext.py` and the names of its published files.
extension NamingTable {
  static let facebookresearch = NamingTable([
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

  static let timm = NamingTable(timmNames)

  static let timmConvolutional = NamingTable(timmNames, pointwiseRank: 4)

  static let torchvision = NamingTable(
    [
      .stemConvolution: "features.0.0",
      .stemNorm: "features.0.1",
      .downNorm: "features.{2s}.0",
      .downConvolution: "features.{2s}.1",
      .layerScale: "features.{2s+1}.{b}.layer_scale",
      .depthwise: "features.{2s+1}.{b}.block.0",
      .blockNorm: "features.{2s+1}.{b}.block.2",
      .pointwise1: "features.{2s+1}.{b}.block.3",
      .pointwise2: "features.{2s+1}.{b}.block.5",
      .finalNorm: "classifier.0",
      .classifier: "classifier.2",
    ], layerScaleRank: 3)

  static let transformers = NamingTable(
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
    ], body: "convnext.")

  static let openmmlab = NamingTable(
    [
      .stemConvolution: "downsample_layers.0.0",
      .stemNorm: "downsample_layers.0.1",
      .downNorm: "downsample_layers.{s}.0",
      .downConvolution: "downsample_layers.{s}.1",
      .layerScale: "stages.{s}.{b}.gamma",
      .depthwise: "stages.{s}.{b}.depthwise_conv",
      .blockNorm: "stages.{s}.{b}.norm",
      .pointwise1: "stages.{s}.{b}.pointwise_conv1",
      .pointwise2: "stages.{s}.{b}.pointwise_conv2",
      .outputNorm: "norm{s}",
      .classifier: "head.fc",
    ], body: "backbone.", finalNormIsLastOutputNorm: true)
}
