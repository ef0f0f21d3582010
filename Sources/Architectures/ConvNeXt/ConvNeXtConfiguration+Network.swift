extension ConvNeXtConfiguration {
  /// Stage `index` with the downsampling before it, of the backbone under `prefix`.
  ///
  /// Reads nothing but the tensors of that stage.
  package func buildStage(
    _ index: Int, under prefix: String, into network: inout some NetworkBuilding, of input: Int
  ) throws -> Int {
    let value = try buildDownsampling(index, under: prefix, into: &network, of: input)
    return try buildBlocks(index, under: prefix, into: &network, of: value)
  }

  /// What stands before the blocks of stage `index`.
  func buildDownsampling(
    _ index: Int, under prefix: String, into network: inout some NetworkBuilding, of input: Int
  ) throws -> Int {
    if index == 0 { return try buildStem(under: prefix, into: &network, of: input) }
    // The stem convolves, then normalises; the others turn it round.
    var value = input
    let name = scheme.module(.downConvolution, stage: index, under: prefix)
    var layer = ConvolutionLayer(
      name, shape: shape(of: ConvNeXtKey(part: .downConvolution, stage: index, leaf: .weight)), stride: 2)
    let before = scheme.module(.downNorm, stage: index, under: prefix)
    if norm == .layer {
      layer.layerNorm = before
    } else {
      value = try buildNorm(before, channels: dims[index - 1], into: &network, of: value)
    }
    return try network.convolution(name, layer, of: value)
  }

  /// The blocks of stage `index`.
  func buildBlocks(
    _ index: Int, under prefix: String, into network: inout some NetworkBuilding, of input: Int
  ) throws -> Int {
    var value = input
    for block in 0..<depths[index] {
      value = try buildBlock(index, block, under: prefix, into: &network, of: value)
    }
    return value
  }

  private func buildNorm(
    _ name: String, channels: Int, epsilon: Double = Self.epsilon, into network: inout some NetworkBuilding,
    of input: Int
  ) throws -> Int {
    try network.channelNorm(name, norm, channels: channels, epsilon: epsilon, of: input)
  }

  private func buildStem(
    under prefix: String, into network: inout some NetworkBuilding, of input: Int
  ) throws -> Int {
    func layer(_ part: ConvNeXtKey.Part, stride: Int, padding: Int = 0) -> ConvolutionLayer {
      ConvolutionLayer(
        scheme.module(part, under: prefix), shape: shape(of: ConvNeXtKey(part: part, leaf: .weight)),
        stride: Sides(stride), padding: Sides(padding))
    }
    var behind = ConvNeXtKey.Part?.some(.stemNorm)
    var layers: [ConvolutionLayer]
    switch stem {
    case .bare(let side): (layers, behind) = ([layer(.stemConvolution, stride: side)], nil)
    case .patches(let side): layers = [layer(.stemConvolution, stride: side)]
    case .overlapping(_, let isActivated):
      let second: ConvNeXtKey.Part = isActivated ? .stemThird : .stemNorm
      layers = [.stemConvolution, second].map { layer($0, stride: 2, padding: 1) }
      behind = isActivated ? .stemFourth : .stemThird
      if isActivated {
        let module = scheme.module(.stemNorm, under: prefix)
        layers[0].activation = try network.blockActivation(ofModules: [module])
      }
    }
    var value = input
    for layer in layers { value = try network.convolution(layer.name, layer, of: value) }
    guard let behind else { return value }
    return try buildNorm(scheme.module(behind, under: prefix), channels: dims[0], into: &network, of: value)
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
    var feedForward = FeedForwardLayer(
      norm: name(.blockNorm), first: name(.pointwise1), second: name(.pointwise2),
      scale: scheme.has(.layerScale) ? name(.layerScale) : nil, channels: width, hidden: 4 * width)
    feedForward.kind = norm
    if hasResponseNorm {
      let module = name(.responseNorm)
      feedForward.responseNorm = (
        module, scheme.tensor(.weight, of: .responseNorm, called: module),
        scheme.tensor(.bias, of: .responseNorm, called: module)
      )
    }
    let value = try network.convolution(depthwise.name, depthwise, of: input)
    return try network.feedForward(
      scheme.block(stage, block, under: prefix), feedForward, of: value, residual: input)
  }

  /// The normalised mean behind the last stage, and the classifier's scores for it; `nil` for what there is not.
  package func buildHead(
    under prefix: String, into network: inout some NetworkBuilding, of last: Int
  ) throws -> (pooled: Int?, logits: Int?) {
    guard head.hasMapNorm || head.hasFinalNorm else { return (nil, nil) }
    func name(_ part: ConvNeXtKey.Part) -> String { scheme.module(part, under: prefix) }
    var value = last
    if head.hasMapNorm {
      value = try buildNorm(name(.mapNorm), channels: lastWidth, into: &network, of: value)
    }
    value = try network.mean("pool", of: value)
    if head.hasFinalNorm {
      value = try buildNorm(
        name(.finalNorm), channels: lastWidth, epsilon: scheme.finalEpsilon, into: &network, of: value)
    }
    let pooled = value
    guard let classes else { return (pooled, nil) }
    if let hidden = head.hidden {
      let module = name(.hiddenClassifier)
      value = try network.linear(
        module,
        LinearLayer(
          weight: module + ".weight", bias: module + ".bias", inputs: lastWidth, outputs: hidden,
          // Whatever the blocks have.
          activation: network.moduleActivation(parent(of: module) + "act", usually: .gelu)), of: value)
    }
    return (
      pooled,
      try network.linear(name(.classifier), inputs: head.hidden ?? lastWidth, outputs: classes, of: value)
    )
  }

  /// What stands before the last component of a name, the dot included.
  private func parent(of module: String) -> String {
    module.lastIndex(of: ".").map { String(module[...$0]) } ?? ""
  }
}
