extension ConvNeXtConfiguration {
  /// The kernel, and the stride, of the convolution before a stage.
  package static func downsampling(_ stage: Int) -> Int { stage == 0 ? 4 : 2 }

  /// The shape of a tensor without axes of size 1 that some libraries add.
  package func shape(of key: ConvNeXtKey) -> [Int] {
    let width = dims[key.stage]
    let isWeight = key.leaf == .weight
    switch key.part {
    case .stemConvolution: return isWeight ? firstConvolution : [firstConvolution[0]]
    case .stemNorm, .stemThird, .stemFourth:
      return isWeight && key.part == second ? [dims[0], firstConvolution[0], 3, 3] : [dims[0]]
    case .downConvolution: return isWeight ? [width, dims[key.stage - 1], 2, 2] : [width]
    case .downNorm: return [dims[key.stage - 1]]
    case .depthwise: return isWeight ? [width, 1, 7, 7] : [width]
    case .pointwise1: return isWeight ? [4 * width, width] : [4 * width]
    case .responseNorm: return [4 * width]
    case .pointwise2: return isWeight ? [width, 4 * width] : [width]
    case .blockNorm, .layerScale, .outputNorm: return [width]
    case .mapNorm, .finalNorm, .repeatedNorm: return [lastWidth]
    case .hiddenClassifier: return isWeight ? [head.hidden ?? 0, lastWidth] : [head.hidden ?? 0]
    case .classifier: return isWeight ? [classes ?? 0, head.hidden ?? lastWidth] : [classes ?? 0]
    }
  }

  package var lastWidth: Int { dims[dims.count - 1] }

  /// The shape of the first convolution's weight.
  private var firstConvolution: [Int] {
    switch stem {
    case .patches(let side), .bare(let side): [dims[0], inputChannels, side, side]
    case .overlapping(let channels, _): [channels, inputChannels, 3, 3]
    }
  }

  /// Which part the second convolution of the stem is; `nil` where there is none.
  private var second: ConvNeXtKey.Part? {
    guard case .overlapping(_, let isActivated) = stem else { return nil }
    return isActivated ? .stemThird : .stemNorm
  }

  /// The tensors of the stem, the four stages and the layers between them, in the order of facebookresearch's modules.
  package var backboneKeys: [ConvNeXtKey] {
    (0..<4).flatMap { Self.downsamplingKeys($0) }
      + (0..<4).flatMap { blockKeys($0) }
  }

  /// The tensors of a stage's blocks.
  func blockKeys(_ stage: Int) -> [ConvNeXtKey] { (0..<depths[stage]).flatMap { blockKeys(stage, $0) } }

  /// The shape of a tensor as the library stores it.
  func storedShape(of key: ConvNeXtKey) -> [Int] {
    let shape = shape(of: key)
    return scheme.form(of: key)?.laid((shape, shape))?.sizes ?? shape
  }

  /// How many parameters the four stages have, layer scales included.
  package var backboneParameterCount: Int {
    func count(_ keys: [ConvNeXtKey]) -> Int { keys.reduce(0) { $0 + shape(of: $1).reduce(1, *) } }
    return (0..<4).reduce(0) { sum, stage in
      sum + count(Self.downsamplingKeys(stage)) + depths[stage] * count(blockKeys(stage, 0))
    }
  }

  /// The stem's norm stands behind its convolution, the others before theirs.
  static func downsamplingKeys(_ stage: Int) -> [ConvNeXtKey] {
    let (convolution, norm) = ConvNeXtKey.Part.downsampling(stage)
    return (stage == 0 ? [convolution, norm] : [norm, convolution]).flatMap {
      ConvNeXtKey.keys($0, stage: stage)
    }
  }

  /// Of version 2 the blocks have a GRN, and no layer scale.
  private func blockKeys(_ stage: Int, _ block: Int) -> [ConvNeXtKey] {
    let parts: [ConvNeXtKey.Part] =
      hasResponseNorm
      ? [.depthwise, .blockNorm, .pointwise1, .responseNorm, .pointwise2]
      : [.layerScale, .depthwise, .blockNorm, .pointwise1, .pointwise2]
    return parts.flatMap { ConvNeXtKey.keys($0, stage: stage, block: block) }
  }
}
