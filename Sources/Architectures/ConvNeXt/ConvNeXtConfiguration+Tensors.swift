extension ConvNeXtConfiguration {
  /// The shape of a tensor as facebookresearch stores it; other libraries add axes of size 1.
  package func shape(of key: ConvNeXtKey) -> [Int] {
    let width = dims[key.stage]
    let isWeight = key.leaf == .weight
    return switch key.part {
    case .stemConvolution: isWeight ? [width, inputChannels, 4, 4] : [width]
    case .downConvolution: isWeight ? [width, dims[key.stage - 1], 2, 2] : [width]
    case .downNorm: [dims[key.stage - 1]]
    case .depthwise: isWeight ? [width, 1, 7, 7] : [width]
    case .pointwise1: isWeight ? [4 * width, width] : [4 * width]
    case .pointwise2: isWeight ? [width, 4 * width] : [width]
    case .stemNorm, .blockNorm, .layerScale, .outputNorm: [width]
    case .finalNorm: [dims[3]]
    case .classifier: isWeight ? [classes ?? 0, dims[3]] : [classes ?? 0]
    }
  }

  /// The tensors of the stem, the four stages and the layers between them, in the order of facebookresearch's modules.
  package var backboneKeys: [ConvNeXtKey] {
    var keys: [ConvNeXtKey] = []
    func add(_ part: ConvNeXtKey.Part, _ stage: Int, _ block: Int = 0) {
      let leaves: [ConvNeXtKey.Leaf?] = part == .layerScale ? [nil] : [.weight, .bias]
      keys += leaves.map { ConvNeXtKey(part: part, stage: stage, block: block, leaf: $0) }
    }
    for stage in 0..<4 {
      let (convolution, norm) = ConvNeXtKey.Part.downsampling(stage)
      // The stem's norm stands behind its convolution, the others before theirs.
      for part in stage == 0 ? [convolution, norm] : [norm, convolution] { add(part, stage) }
    }
    for stage in 0..<4 {
      for block in 0..<depths[stage] {
        for part in [ConvNeXtKey.Part.layerScale, .depthwise, .blockNorm, .pointwise1, .pointwise2] {
          add(part, stage, block)
        }
      }
    }
    return keys
  }
}
