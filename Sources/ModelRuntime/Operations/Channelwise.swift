internal import CSutureOneDNN
internal import SutureArchitectures
internal import SutureTensors

/// A batch norm that stands alone, or a factor for each channel, or neither, and an activation.
struct Channelwise: Operation {
  enum Factors: Sendable {
    case none
    case norm(BatchNorm)
    case scale(Parameter)
  }

  let factors: Factors
  let activation: Activation
  let channels: Int

  var parameters: [Parameter] {
    switch factors {
    case .none: []
    case .norm(let norm): norm.parameters
    case .scale(let scale): [scale]
    }
  }

  func output(for inputs: [MapShape]) throws -> MapShape {
    guard inputs[0].channels == channels else {
      throw ModelError.wrongInput("it takes \(channels) channels and is given \(inputs[0].channels)")
    }
    return inputs[0]
  }

  /// What each channel is multiplied by, and what is then added.
  private func numbers() throws -> (scale: [Double], shift: [Double]) {
    let zeros = [Double](repeating: 0, count: channels)
    switch factors {
    case .none: return ([Double](repeating: 1, count: channels), zeros)
    case .norm(let norm): return try norm.folded()
    case .scale(let scale): return (try scale.values().map { Double($0) }, zeros)
    }
  }

  func compute(_ x: [FeatureMap], _ shape: MapShape) throws -> FeatureMap {
    var y = x[0]
    let (scale, shift) = try numbers()
    for row in 0..<y.rowCount {
      for channel in 0..<channels {
        let place = row * channels + channel
        y.values[place] = activation.applied(to: Double(y.values[place]) * scale[channel] + shift[channel])
      }
    }
    return y
  }

  /// A product and a sum, the second with what follows, in place.
  func compile(_ context: CompilerContext, _ inputs: [MapShape], _ y: MapShape) throws -> CompiledLayer {
    let dnnl = context.dnnl
    let map = try Layout(y.nchw, dnnl_nhwc)
    let channel = try Layout([1, channels, 1, 1], dnnl_nchw)
    func binary(_ kind: dnnl_alg_kind_t, _ activation: Activation) throws -> Primitive {
      var descriptor = dnnl_binary_desc_t()
      try unsafe check(
        dnnl_binary_desc_init(&descriptor, kind, &map.value, &channel.value, &map.value),
        "a layer of single elements cannot be described")
      return try unsafe Primitive(&descriptor, try Attributes(activation), dnnl)
    }
    let product = try binary(dnnl_binary_mul, .none)
    let sum = try binary(dnnl_binary_add, activation)
    let request = unsafe WeightRequest(
      packed: try Layout([channels], dnnl_a), weightCount: channels, biasCount: channels,
      packing: .none { weights, bias in
        let (scale, shift) = try numbers()
        for channel in 0..<channels {
          unsafe weights[channel] = Float(scale[channel])
          unsafe bias[channel] = Float(shift[channel])
        }
      })
    return CompiledLayer(
      weights: [request], scratchByteCount: max(product.scratchpadByteCount, sum.scratchpadByteCount),
      replacedInput: 0
    ) { buffers in
      let packed = buffers.weights[0]
      let executions = try unsafe [(product, packed.weights), (sum, packed.bias)].map { primitive, factors in
        try unsafe primitive.bound(
          to: [
            (DNNL_ARG_SRC_0, map, buffers.output), (DNNL_ARG_SRC_1, channel, factors),
            (DNNL_ARG_DST, map, buffers.output),
          ], scratchpad: buffers.scratch, dnnl)
      }
      return executions.map { execution in { try execution(dnnl) } }
    }
  }
}

extension GraphBuilder {
  mutating func channelwise(
    _ name: String, norm: String?, _ activation: Activation, channels: Int, of x: Int
  ) throws -> Int {
    var factors = Channelwise.Factors.none
    if let norm {
      let own = epsilon(of: norm, .batch, usually: BatchNorm.usualEpsilon)
      factors = .norm(try BatchNorm(norm, in: dict, channels: channels, epsilon: own))
    }
    return graph.add(name, Channelwise(factors: factors, activation: activation, channels: channels), [x])
  }

  mutating func scaled(_ name: String, by factors: String, channels: Int, of x: Int) throws -> Int {
    let scale = try Parameter(factors, in: dict, shape: [channels])
    return graph.add(name, Channelwise(factors: .scale(scale), activation: .none, channels: channels), [x])
  }
}
