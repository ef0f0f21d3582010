internal import CSutureKernels
internal import CSutureOneDNN
internal import SutureArchitectures
internal import SutureTensors

/// What follows the depthwise convolution in a block of ConvNeXt:
/// residual + scale · second(GELU(first(norm(x)))), pixel by pixel; some are trained with another activation.
///
/// Inputs: what the depthwise convolution gave, and the residual.
struct FeedForward: Operation {
  let norm: LayerNorm
  /// C to 4C.
  let first: Linear
  /// 4C to C.
  let second: Linear
  /// The layer scale, [C]; a network trained without has none.
  let scale: Parameter?

  init(
    _ layer: FeedForwardLayer, in dict: StateDict, epsilon: Double = ConvNeXtConfiguration.epsilon,
    activation: Activation = .gelu
  ) throws {
    let (width, hidden) = (layer.channels, layer.hidden)
    norm = try LayerNorm(layer.norm, in: dict, channels: width, epsilon: epsilon)
    first = try Linear(layer.first, in: dict, inputs: width, outputs: hidden, activation: activation)
    second = try Linear(layer.second, in: dict, inputs: hidden, outputs: width)
    scale = try layer.layerScale(in: dict)
  }

  var parameters: [Parameter] {
    norm.parameters + first.parameters + second.parameters + (scale.map { [$0] } ?? [])
  }

  func multiplyAccumulates(for output: MapShape) -> Int { output.count * 2 * first.outputs }

  func output(for inputs: [MapShape]) throws -> MapShape {
    let y = try second.output(for: [try first.output(for: [inputs[0]])])
    guard y == inputs[1] else {
      throw ModelError.wrongInput("its residual is \(inputs[1].text), but the block gives \(y.text)")
    }
    return y
  }

  func compute(_ x: [FeatureMap], _ shape: MapShape) throws -> FeatureMap {
    let (x, residual) = (x[0], x[1])
    let normal = try norm.normalize(x)
    let hidden = try first.compute([normal], try first.output(for: [x.mapShape]))
    let update = try second.compute([hidden], residual.mapShape)
    let scale = try scale?.values() ?? [Float](repeating: 1, count: x.channels)
    var result = residual
    for row in 0..<x.rowCount {
      for channel in 0..<x.channels {
        let index = row * x.channels + channel
        result.values[index] = Float(
          Double(residual.values[index]) + Double(scale[channel]) * Double(update.values[index]))
      }
    }
    return result
  }
}

extension FeedForwardLayer {
  /// [C]; a network trained without has none.
  fileprivate func layerScale(in dict: StateDict) throws -> Parameter? {
    guard let scale, dict[scale] != nil else { return nil }
    return try Parameter(scale, in: dict, shape: [channels])
  }
}

extension GraphBuilder {
  mutating func feedForward(
    _ name: String, _ layer: FeedForwardLayer, of x: Int, residual: Int
  ) throws -> Int {
    if layer.kind != .layer || layer.responseNorm != nil {
      return try separate(name, layer, of: x, residual: residual)
    }
    let epsilon = epsilon(of: layer.norm, .layer, usually: ConvNeXtConfiguration.epsilon)
    let activation = try blockActivation(of: name)
    return graph.add(
      name, try FeedForward(layer, in: dict, epsilon: epsilon, activation: activation), [x, residual])
  }

  /// Layer by layer: a GRN looks at all pixels before one can go on, and a norm without bias cannot be folded into a
  /// product as the affine half of a layer norm can.
  private mutating func separate(
    _ name: String, _ layer: FeedForwardLayer, of x: Int, residual: Int
  ) throws -> Int {
    var value = try channelNorm(
      layer.norm, layer.kind, channels: layer.channels, epsilon: ConvNeXtConfiguration.epsilon, of: x)
    let first = try Linear(
      layer.first, in: dict, inputs: layer.channels, outputs: layer.hidden,
      activation: try blockActivation(of: name))
    value = graph.add(layer.first, first, [value])
    if let (module, weight, bias) = layer.responseNorm {
      value = try responseNorm(module, weight: weight, bias: bias, channels: layer.hidden, of: value)
    }
    value = try linear(layer.second, inputs: layer.hidden, outputs: layer.channels, of: value)
    return graph.add(name, Add(scale: try layer.layerScale(in: dict)), [residual, value])
  }
}

// MARK: On oneDNN

extension FeedForward {
  /// How many bytes of the hidden layer are computed at a time: they stay in the caches between the two
  /// products, and a large image needs no more memory than a small one.
  private static let hiddenByteCount = 3 << 20

  /// Norm, product with its activation, product added to the residual, a tile of pixels at a time.
  ///
  /// The norm's weight and bias are folded into the first product, the layer scale into the second; what is left of the
  /// norm needs no weights.
  func compile(_ context: CompilerContext, _ inputs: [MapShape], _ output: MapShape) throws -> CompiledLayer {
    let (x, dnnl) = (inputs[0], context.dnnl)
    let (width, hidden) = (first.inputs, first.outputs)
    let isHalf = context.precision == .bfloat16
    let type = isHalf ? dnnl_bf16 : dnnl_f32
    let tileCount = max(1, (x.rows * hidden * 4 + Self.hiddenByteCount / 2) / Self.hiddenByteCount)
    let tileRows = (x.rows + tileCount - 1) / tileCount
    let main = try tile(context, rows: tileRows, type, weights: nil)
    let packed = (try main.first.weightsLayout(), try main.second.weightsLayout())
    let rest = x.rows % tileRows
    let last = rest == 0 ? main : try tile(context, rows: rest, type, weights: packed)

    let normalBytes = Region.aligned(tileRows * width * 4)
    let roundedBytes = isHalf ? Region.aligned(tileRows * width * 2) : 0
    let hiddenBytes = Region.aligned(tileRows * hidden * (isHalf ? 2 : 4))
    let scratchpad = max(main.scratchpadByteCount, last.scratchpadByteCount)

    let requests = unsafe [
      try main.first.request(first.weight.count, inputs: width, outputs: hidden) { weights, bias in
        try unsafe readFirst(weights, bias)
      },
      try unsafe main.second.request(second.weight.count, inputs: hidden, outputs: width) { weights, bias in
        try unsafe readSecond(weights, bias)
      },
    ]
    return CompiledLayer(
      weights: requests, scratchByteCount: normalBytes + roundedBytes + hiddenBytes + scratchpad,
      replacedInput: 1
    ) { buffers in
      let normal = unsafe buffers.scratch
      let rounded = unsafe isHalf ? normal + normalBytes : normal
      let middle = unsafe normal + normalBytes + roundedBytes
      let pad = unsafe middle + hiddenBytes
      var work: [CompiledLayer.Work] = []
      for start in stride(from: 0, to: x.rows, by: tileRows) {
        let tile = x.rows - start >= tileRows ? main : last
        let from = unsafe buffers.inputs[0] + start * width * 4
        let norm = try unsafe tile.norm.bound(
          to: [(DNNL_ARG_SRC, tile.normLayout, from), (DNNL_ARG_DST, tile.normLayout, normal)],
          scratchpad: pad,
          dnnl)
        let rounding = try unsafe tile.rounding?.bound(
          to: [(DNNL_ARG_FROM, tile.normLayout, normal), (DNNL_ARG_TO, tile.roundedLayout, rounded)],
          scratchpad: pad, dnnl)
        let first = try unsafe tile.first.bound(rounded, buffers.weights[0], middle, scratchpad: pad, dnnl)
        let second = try unsafe tile.second.bound(
          middle, buffers.weights[1], buffers.output + start * width * 4, scratchpad: pad, dnnl)
        work.append {
          try norm(dnnl)
          try rounding?(dnnl)
          for part in first { try part(dnnl) }
          for part in second { try part(dnnl) }
        }
      }
      return work
    }
  }

  /// The primitives for one number of pixels.
  private struct Tile {
    let norm: Primitive
    let normLayout: Layout
    let rounding: Primitive?
    let roundedLayout: Layout
    let first: Product
    let second: Product

    var scratchpadByteCount: Int {
      max(
        norm.scratchpadByteCount, rounding?.scratchpadByteCount ?? 0, first.scratchpadByteCount,
        second.scratchpadByteCount)
    }
  }

  private func tile(
    _ context: CompilerContext, rows: Int, _ type: dnnl_data_type_t, weights: (Layout, Layout)?
  ) throws -> Tile {
    let (normal, layout) = try context.normalization(
      rows: rows, channels: first.inputs, epsilon: norm.epsilon, isAffine: false)
    let one = try context.product(
      rows: rows, inputs: first.inputs, outputs: first.outputs, (type, type), first.activation,
      weights: weights?.0)
    let two = try context.product(
      rows: rows, inputs: second.inputs, outputs: second.outputs, (type, dnnl_f32),
      accumulates: true, weights: weights?.1)
    let rounded = try Layout([rows, first.inputs], dnnl_ab, type)
    return Tile(
      norm: normal, normLayout: layout,
      rounding: type == dnnl_f32 ? nil : try context.reorder(layout, rounded),
      roundedLayout: rounded, first: one, second: two)
  }
}

extension FeedForward {
  /// W · diag(norm.weight), and bias + W · norm.bias.
  func readFirst(
    _ weights: UnsafeMutableBufferPointer<Float>, _ bias: UnsafeMutableBufferPointer<Float>
  ) throws {
    try unsafe first.weight.read(into: weights)
    try unsafe first.readBias(into: bias)
    let (scale, shift) = (try norm.weight.values(), try norm.bias.values())
    let width = first.inputs
    unsafe scale.withUnsafeBufferPointer { scale in
      unsafe shift.withUnsafeBufferPointer { shift in
        for output in 0..<first.outputs {
          let row = unsafe UnsafeMutableBufferPointer(
            rebasing: weights[(output * width)..<((output + 1) * width)])
          var sum = unsafe Double(bias[output])
          for input in 0..<width {
            unsafe sum += Double(row[input]) * Double(shift[input])
            unsafe row[input] *= scale[input]
          }
          unsafe bias[output] = Float(sum)
        }
      }
    }
  }

  /// diag(scale) · W, and scale · bias.
  func readSecond(
    _ weights: UnsafeMutableBufferPointer<Float>, _ bias: UnsafeMutableBufferPointer<Float>
  ) throws {
    try unsafe second.weight.read(into: weights)
    try unsafe second.readBias(into: bias)
    guard let scale = try scale?.values() else { return }
    let width = second.inputs
    for output in 0..<second.outputs {
      let row = unsafe UnsafeMutableBufferPointer(
        rebasing: weights[(output * width)..<((output + 1) * width)])
      for input in 0..<width { unsafe row[input] *= scale[output] }
      unsafe bias[output] *= scale[output]
    }
  }
}

// MARK: On a kernel of ours

extension FeedForward {
  /// Norm, both products and the residual in one pass over the pixels.
  func compileKernel(
    _ context: CompilerContext, _ isa: suture_isa, _ inputs: [MapShape], _ y: MapShape
  ) throws -> CompiledLayer? {
    let x = inputs[0]
    // The kernel computes the exact GELU alone.
    guard first.activation == .gelu else { return nil }
    let (width, hidden) = (first.inputs, first.outputs)
    var kernel = suture_feed_forward(
      isa: isa, precision: context.precision.ofKernels, rows: x.rows, channels: width, hidden: hidden,
      epsilon: Float(norm.epsilon), threads: context.kernelThreads)
    let request = unsafe WeightRequest(
      packed: try Layout([suture_feed_forward_weight_words(&kernel)], dnnl_a), weightCount: width * hidden,
      biasCount: suture_feed_forward_bias_count(&kernel),
      packing: .kernel { [kernel] scratch, weights, biases in
        var kernel = kernel
        var bias = [Float](repeating: 0, count: hidden)
        try unsafe bias.withUnsafeMutableBufferPointer { try unsafe readFirst(scratch, $0) }
        unsafe suture_feed_forward_pack_first(&kernel, scratch.baseAddress, bias, weights, biases)
        bias = [Float](repeating: 0, count: width)
        try unsafe bias.withUnsafeMutableBufferPointer { try unsafe readSecond(scratch, $0) }
        unsafe suture_feed_forward_pack_second(&kernel, scratch.baseAddress, bias, weights, biases)
      })
    return unsafe context.layer(request, scratch: suture_feed_forward_scratch(&kernel), replacing: 1) {
      [kernel] x, y, weights, biases, scratch in
      var kernel = kernel
      unsafe suture_feed_forward_run(&kernel, x[0], y, weights, biases, scratch)
    }
  }
}
