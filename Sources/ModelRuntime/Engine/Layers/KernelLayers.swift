internal import CSutureKernels
internal import CSutureOneDNN

#if arch(x86_64)
/// What kernels of ours compute: the layers that a ConvNeXt spends nearly all of its time in.
extension CompilerContext {
  static func hasKernels(for precision: Precision) -> Bool { suture_kernels_available(precision.ofKernels) }

  /// The layer on a kernel of ours; `nil` where there is none for it.
  func kernel(_ operation: Operation, _ x: MapShape) throws -> CompiledLayer? {
    switch operation {
    case .feedForward(let layer): try fusedFeedForward(layer, x)
    case .convolution(let layer) where layer.isDepthwise7x7: try depthwise(layer, x)
    case .convolution(let layer) where layer.isProduct: try product(layer, x)
    default: nil
    }
  }

  private var threads: Int32 { Int32(clamping: MachinePeak.threads) }

  /// Norm, both products and the residual in one pass over the pixels.
  private func fusedFeedForward(_ layer: FeedForward, _ x: MapShape) throws -> CompiledLayer {
    let (width, hidden) = (layer.first.inputs, layer.first.outputs)
    var kernel = suture_feed_forward(
      precision: precision.ofKernels, rows: x.rows, channels: width, hidden: hidden,
      epsilon: Float(layer.norm.epsilon), threads: threads)
    let request = WeightRequest(
      packed: try Layout([suture_feed_forward_weight_words(&kernel)], dnnl_a), weightCount: width * hidden,
      biasCount: suture_feed_forward_bias_count(&kernel),
      packing: .kernel { [kernel] scratch, weights, biases in
        var kernel = kernel
        var bias = [Float](repeating: 0, count: hidden)
        try bias.withUnsafeMutableBufferPointer { try layer.readFirst(scratch, $0) }
        suture_feed_forward_pack_first(&kernel, scratch.baseAddress, bias, weights, biases)
        bias = [Float](repeating: 0, count: width)
        try bias.withUnsafeMutableBufferPointer { try layer.readSecond(scratch, $0) }
        suture_feed_forward_pack_second(&kernel, scratch.baseAddress, bias, weights, biases)
      })
    return self.layer(request, scratch: suture_feed_forward_scratch(&kernel), replacing: 1) {
      [kernel] x, y, weights, biases, scratch in
      var kernel = kernel
      suture_feed_forward_run(&kernel, x, y, weights, biases, scratch)
    }
  }

  private func depthwise(_ layer: Convolution, _ x: MapShape) throws -> CompiledLayer {
    var kernel = suture_depthwise(
      batch: x.batch, height: x.height, width: x.width, channels: x.channels, threads: threads)
    let request = WeightRequest(
      packed: try Layout([suture_depthwise_weight_count(&kernel)], dnnl_a), weightCount: layer.weight.count,
      biasCount: suture_depthwise_bias_count(&kernel),
      packing: .kernel { [kernel] scratch, weights, biases in
        var kernel = kernel
        let bias = try layer.readFolded(scratch)
        suture_depthwise_pack(&kernel, scratch.baseAddress, bias, weights.floats, biases)
      })
    return self.layer(request, scratch: suture_depthwise_scratch(&kernel)) {
      [kernel] x, y, weights, biases, scratch in
      var kernel = kernel
      suture_depthwise_run(&kernel, x, y, weights.floats, biases, scratch)
    }
  }

  /// A convolution of all channels, with the norm before it and the activation behind it.
  private func product(_ layer: Convolution, _ x: MapShape) throws -> CompiledLayer {
    var kernel = suture_convolution(
      precision: precision.ofKernels, batch: x.batch, height: x.height, width: x.width,
      inputs: layer.inputChannels, outputs: layer.outputChannels, kernel: layer.kernel, stride: layer.stride,
      padding: layer.padding, normalizes: layer.norm != nil, activates: layer.activation == .silu,
      epsilon: Float(layer.norm?.epsilon ?? 0), threads: threads)
    let count = layer.weight.count
    let request = WeightRequest(
      packed: try Layout([suture_convolution_weight_words(&kernel)], dnnl_a),
      weightCount: count + suture_convolution_packing_floats(&kernel),
      biasCount: suture_convolution_bias_count(&kernel),
      packing: .kernel { [kernel] scratch, weights, biases in
        var kernel = kernel
        let bias = try layer.readFolded(UnsafeMutableBufferPointer(rebasing: scratch[..<count]))
        suture_convolution_pack(
          &kernel, scratch.baseAddress, bias, weights, biases, scratch.baseAddress.map { $0 + count })
      })
    return self.layer(request, scratch: suture_convolution_scratch(&kernel)) {
      [kernel] x, y, weights, biases, scratch in
      var kernel = kernel
      suture_convolution_run(&kernel, x, y, weights, biases, scratch)
    }
  }

  private typealias Run = (
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ weights: UnsafeMutableRawPointer,
    _ biases: UnsafePointer<Float>, _ scratch: UnsafeMutableRawPointer
  ) -> Void

  /// A layer that is one call of a kernel.
  private func layer(
    _ request: WeightRequest, scratch: Int, replacing input: Int? = nil, _ run: @escaping Run
  ) -> CompiledLayer {
    CompiledLayer(weights: [request], scratchByteCount: scratch, replacedInput: input) { buffers in
      let packed = buffers.weights[0]
      return [
        {
          run(
            buffers.inputs[0].floats, buffers.output.floats, packed.weights, packed.bias.floats,
            buffers.scratch)
        }
      ]
    }
  }
}

extension Precision {
  fileprivate var ofKernels: suture_precision {
    self == .bfloat16 ? SUTURE_PRECISION_BFLOAT16 : SUTURE_PRECISION_FLOAT32
  }
}

extension Convolution {
  /// As in each block of a ConvNeXt.
  fileprivate var isDepthwise7x7: Bool {
    groups == inputChannels && groups == outputChannels && kernel == 7 && stride == 1 && padding == 3
      && norm == nil && activation == .none
  }

  /// All channels go into each output, and what follows can be computed behind the sums.
  ///
  /// The three channels of an image are too few to be laid out one pixel at a time.
  fileprivate var isProduct: Bool { groups == 1 && inputChannels > 3 && activation != .gelu }

  /// Reads the folded weights and gives the folded bias.
  fileprivate func readFolded(_ weights: UnsafeMutableBufferPointer<Float>) throws -> [Float] {
    var bias = [Float](repeating: 0, count: outputChannels)
    try bias.withUnsafeMutableBufferPointer { try readFolded(weights, $0) }
    return bias
  }
}

extension UnsafeMutableRawPointer {
  fileprivate var floats: UnsafeMutablePointer<Float> { assumingMemoryBound(to: Float.self) }
}
#else
extension CompilerContext {
  static func hasKernels(for precision: Precision) -> Bool { false }
  func kernel(_ operation: Operation, _ x: MapShape) throws -> CompiledLayer? { nil }
}
#endif
