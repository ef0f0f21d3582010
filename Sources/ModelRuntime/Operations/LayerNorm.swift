internal import CSutureKernels
internal import CSutureOneDNN
internal import SutureArchitectures
internal import SutureTensors

/// Normalises each pixel's channels with the biased variance, as `nn.LayerNorm`.
struct LayerNorm: Operation {
  let weight: Parameter
  let bias: Parameter
  let epsilon: Double

  init(
    _ start: String, in dict: StateDict, channels: Int, epsilon: Double = ConvNeXtConfiguration.epsilon
  ) throws {
    weight = try Parameter(start + ".weight", in: dict, shape: [channels])
    bias = try Parameter(start + ".bias", in: dict, shape: [channels])
    self.epsilon = epsilon
  }

  var parameters: [Parameter] { [weight, bias] }

  func output(for inputs: [MapShape]) throws -> MapShape {
    guard inputs[0].channels == weight.count else {
      throw ModelError.wrongInput("it normalises \(weight.count) channels and is given \(inputs[0].channels)")
    }
    return inputs[0]
  }

  func compute(_ x: [FeatureMap], _ shape: MapShape) throws -> FeatureMap { try normalize(x[0]) }

  func normalize(_ x: FeatureMap) throws -> FeatureMap {
    var y = x
    let channels = x.channels
    let (weight, bias) = (try weight.values(), try bias.values())
    for row in 0..<x.rowCount {
      let start = row * channels
      // Two passes: E[x²] − E[x]² loses every digit where the mean is large.
      var mean = 0.0
      for channel in 0..<channels { mean += Double(x.values[start + channel]) }
      mean /= Double(channels)
      var variance = 0.0
      for channel in 0..<channels {
        let deviation = Double(x.values[start + channel]) - mean
        variance += deviation * deviation
      }
      let scale = 1 / (variance / Double(channels) + epsilon).squareRoot()
      for channel in 0..<channels {
        let normal = (Double(x.values[start + channel]) - mean) * scale
        y.values[start + channel] = Float(normal * Double(weight[channel]) + Double(bias[channel]))
      }
    }
    return y
  }

  /// In place.
  func compile(_ context: CompilerContext, _ inputs: [MapShape], _ output: MapShape) throws -> CompiledLayer {
    let (x, dnnl) = (inputs[0], context.dnnl)
    let (primitive, layout) = try context.normalization(
      rows: x.rows, channels: x.channels, epsilon: epsilon, isAffine: true)
    let channels = try Layout([x.channels], dnnl_a)
    let request = unsafe WeightRequest(
      packed: channels, weightCount: x.channels, biasCount: x.channels,
      packing: .none { weights, bias in
        try unsafe weight.read(into: weights)
        try unsafe self.bias.read(into: bias)
      })
    return CompiledLayer(
      weights: [request], scratchByteCount: primitive.scratchpadByteCount, replacedInput: 0
    ) { buffers in
      let packed = buffers.weights[0]
      let execution = try unsafe primitive.bound(
        to: [
          (DNNL_ARG_SRC, layout, buffers.output), (DNNL_ARG_DST, layout, buffers.output),
          (DNNL_ARG_SCALE, channels, packed.weights), (DNNL_ARG_SHIFT, channels, packed.bias),
        ], scratchpad: buffers.scratch, dnnl)
      return [{ try execution(dnnl) }]
    }
  }
}

// MARK: On a kernel of ours

extension LayerNorm {
  /// In place.
  func compileKernel(
    _ context: CompilerContext, _ isa: suture_isa, _ inputs: [MapShape], _ y: MapShape
  ) throws -> CompiledLayer? {
    let x = inputs[0]
    let kernel = suture_layer_norm(
      isa: isa, precision: SUTURE_PRECISION_FLOAT32, rows: x.rows, channels: x.channels,
      epsilon: Float(epsilon), threads: context.kernelThreads)
    let request = unsafe WeightRequest(
      packed: try Layout([x.channels], dnnl_a), weightCount: x.channels, biasCount: x.channels,
      packing: .none { weights, bias in
        try unsafe weight.read(into: weights)
        try unsafe self.bias.read(into: bias)
      })
    return unsafe context.layer(request, scratch: 0, replacing: 0) { [kernel] _, y, weights, biases, _ in
      var kernel = kernel
      unsafe suture_layer_norm_run(&kernel, y, weights.floats, biases)
    }
  }
}

extension GraphBuilder {
  mutating func layerNorm(_ name: String, channels: Int, epsilon: Double, of x: Int) throws -> Int {
    let own = self.epsilon(of: name, .layer, usually: epsilon)
    return graph.add(name, try LayerNorm(name, in: dict, channels: channels, epsilon: own), [x])
  }
}
