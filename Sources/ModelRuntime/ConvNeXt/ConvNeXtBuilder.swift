internal import SutureArchitectures
internal import SutureTensors

/// Makes a graph's nodes of the tensors of a backbone.
struct ConvNeXtBuilder {
  let dict: StateDict
  let prefix: String
  let configuration: ConvNeXtConfiguration

  private var scheme: NamingScheme { configuration.scheme }

  private func module(_ part: ConvNeXtKey.Part, _ stage: Int = 0, _ block: Int = 0) -> String {
    scheme.module(part, stage: stage, block: block, under: prefix)
  }

  /// Stage `index` with the downsampling before it; gives the value of its output.
  ///
  /// Reads nothing but the names and shapes of `downsample_layers.<index>` and `stages.<index>`.
  ///
  /// - Throws: ``ModelError`` where a tensor is missing or has the wrong shape.
  func addStage(_ index: Int, to graph: inout Graph, _ input: Int) throws -> Int {
    var value = try addDownsampling(index, to: &graph, input)
    for block in 0..<configuration.depths[index] {
      value = try addBlock(index, block, configuration.dims[index], to: &graph, value)
    }
    return value
  }

  /// The classifier after the last stage; `nil` where there is none.
  func addHead(to graph: inout Graph, _ last: Int) throws -> (pooled: Int, logits: Int)? {
    guard let classes = configuration.classes else { return nil }
    let (norm, classifier) = (module(.finalNorm), module(.classifier))
    let width = configuration.dims[3]
    let means = graph.add("pool", .mean, [last])
    let layer = try LayerNorm(norm, in: dict, channels: width, epsilon: scheme.finalEpsilon)
    let pooled = graph.add(norm, .layerNorm(layer), [means])
    let head = try Linear(classifier, in: dict, inputs: width, outputs: classes)
    return (pooled, graph.add(classifier, .linear(head), [pooled]))
  }

  private func addDownsampling(_ index: Int, to graph: inout Graph, _ input: Int) throws -> Int {
    let parts = ConvNeXtKey.Part.downsampling(index)
    let (norm, convolution) = (module(parts.norm, index), module(parts.convolution, index))
    let kernel = index == 0 ? 4 : 2
    let (inputs, outputs) = (
      index == 0 ? configuration.inputChannels : configuration.dims[index - 1], configuration.dims[index]
    )
    var layer = Convolution(
      weight: try Parameter(
        "\(convolution).weight", in: dict, shape: [outputs, inputs, kernel, kernel]),
      bias: try Parameter("\(convolution).bias", in: dict, shape: [outputs]), inputChannels: inputs,
      outputChannels: outputs, kernel: kernel, stride: kernel, padding: 0, groups: 1)
    // The stem convolves, then normalises; the others turn it round.
    let normalization = try LayerNorm(norm, in: dict, channels: index == 0 ? outputs : inputs)
    if index > 0 {
      layer.norm = normalization
      return graph.add(convolution, .convolution(layer), [input])
    }
    let value = graph.add(convolution, .convolution(layer), [input])
    return graph.add(norm, .layerNorm(normalization), [value])
  }

  private func addBlock(
    _ stage: Int, _ block: Int, _ width: Int, to graph: inout Graph, _ input: Int
  ) throws -> Int {
    func name(_ part: ConvNeXtKey.Part) -> String { module(part, stage, block) }
    let depthwise = Convolution(
      weight: try Parameter(name(.depthwise) + ".weight", in: dict, shape: [width, 1, 7, 7]),
      bias: try Parameter(name(.depthwise) + ".bias", in: dict, shape: [width]), inputChannels: width,
      outputChannels: width, kernel: 7, stride: 1, padding: 3, groups: width)
    let feedForward = FeedForward(
      norm: try LayerNorm(name(.blockNorm), in: dict, channels: width),
      first: try Linear(name(.pointwise1), in: dict, inputs: width, outputs: 4 * width, activation: .gelu),
      second: try Linear(name(.pointwise2), in: dict, inputs: 4 * width, outputs: width),
      // A network trained without layer scale has none.
      scale: dict[name(.layerScale)] == nil ? nil : try Parameter(name(.layerScale), in: dict, shape: [width])
    )
    let value = graph.add(name(.depthwise), .convolution(depthwise), [input])
    return graph.add(scheme.block(stage, block, under: prefix), .feedForward(feedForward), [value, input])
  }
}
