extension ConvNeXtConfiguration {
  /// The kernel, and the stride, of the convolution before a stage.
  package static func downsampling(_ stage: Int) -> Int { stage == 0 ? 4 : 2 }

  /// The shape of a tensor as facebookresearch stores it; other libraries add axes of size 1.
  package func shape(of key: ConvNeXtKey) -> [Int] {
    let width = dims[key.stage]
    let isWeight = key.leaf == .weight
    let kernel = [Int](repeating: Self.downsampling(key.stage), count: 2)
    return switch key.part {
    case .stemConvolution: isWeight ? [width, inputChannels] + kernel : [width]
    case .downConvolution: isWeight ? [width, dims[key.stage - 1]] + kernel : [width]
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
    (0..<4).flatMap { Self.downsamplingKeys($0) }
      + (0..<4).flatMap { stage in (0..<depths[stage]).flatMap { Self.blockKeys(stage, $0) } }
  }

  /// How many parameters the four stages have, layer scales included.
  package var backboneParameterCount: Int {
    func count(_ keys: [ConvNeXtKey]) -> Int { keys.reduce(0) { $0 + shape(of: $1).reduce(1, *) } }
    return (0..<4).reduce(0) { sum, stage in
      sum + count(Self.downsamplingKeys(stage)) + depths[stage] * count(Self.blockKeys(stage, 0))
    }
  }

  /// The stem's norm stands behind its convolution, the others before theirs.
  private static func downsamplingKeys(_ stage: Int) -> [ConvNeXtKey] {
    let (convolution, norm) = ConvNeXtKey.Part.downsampling(stage)
    return keys(stage == 0 ? [convolution, norm] : [norm, convolution], stage, 0)
  }

  private static func blockKeys(_ stage: Int, _ block: Int) -> [ConvNeXtKey] {
    keys([.layerScale, .depthwise, .blockNorm, .pointwise1, .pointwise2], stage, block)
  }

  private static func keys(_ parts: [ConvNeXtKey.Part], _ stage: Int, _ block: Int) -> [ConvNeXtKey] {
    parts.flatMap { part in
      (part == .layerScale ? [nil] : [.weight, .bias]).map {
        ConvNeXtKey(part: part, stage: stage, block: block, leaf: $0)
      }
    }
  }
}
