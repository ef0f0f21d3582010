extension ConvNeXtConfiguration {
  /// Stage `index` with the downsampling before it, of the backbone under `prefix`.
  ///
  /// Reads nothing but the tensors of that stage.
  package func buildStage(
    _ index: Int, under prefix: String, into network: inout some NetworkBuilding, of input: Int
  ) throws -> Int {
    let parts = ConvNeXtKey.Part.downsampling(index)
    let norm = scheme.module(parts.norm, stage: index, under: prefix)
    let name = scheme.module(parts.convolution, stage: index, under: prefix)
    var layer = ConvolutionLayer(
      name, shape: shape(of: ConvNeXtKey(part: parts.convolution, stage: index, leaf: .weight)),
      stride: Sides(Self.downsampling(index)))
    var value: Int
    // The stem convolves, then normalises; the others turn it round.
    if index == 0 {
      value = try network.convolution(name, layer, of: input)
      value = try network.layerNorm(norm, channels: dims[0], epsilon: Self.epsilon, of: value)
    } else {
      layer.layerNorm = norm
      value = try network.convolution(name, layer, of: input)
    }
    for block in 0..<depths[index] {
      value = try buildBlock(index, block, under: prefix, into: &network, of: value)
    }
    return value
  }

  private func buildBlock(
    _ stage: Int, _ block: Int, under prefix: String, into network: inout some NetworkBuilding, of input: Int
  ) throws -> Int {
    func name(_ part: ConvNeXtKey.Part) -> String {
      scheme.module(part, stage: stage, block: block, under: prefix)
    }
    let width = dims[stage]
    let depthwise = ConvolutionLayer(
      name(.depthwise), shape: shape(of: ConvNeXtKey(part: .depthwise, stage: stage, leaf: .weight)),
      padding: 3, groups: width)
    let feedForward = FeedForwardLayer(
      norm: name(.blockNorm), first: name(.pointwise1), second: name(.pointwise2), scale: name(.layerScale),
      channels: width, hidden: 4 * width)
    let value = try network.convolution(depthwise.name, depthwise, of: input)
    return try network.feedForward(
      scheme.block(stage, block, under: prefix), feedForward, of: value, residual: input)
  }

  /// The classifier after the last stage, and its normalised input; `nil` where there is none.
  package func buildHead(
    under prefix: String, into network: inout some NetworkBuilding, of last: Int
  ) throws -> (pooled: Int, logits: Int)? {
    guard let classes else { return nil }
    let (norm, classifier) = (
      scheme.module(.finalNorm, under: prefix), scheme.module(.classifier, under: prefix)
    )
    let means = try network.mean("pool", of: last)
    let pooled = try network.layerNorm(norm, channels: dims[3], epsilon: scheme.finalEpsilon, of: means)
    return (pooled, try network.linear(classifier, inputs: dims[3], outputs: classes, of: pooled))
  }
}
