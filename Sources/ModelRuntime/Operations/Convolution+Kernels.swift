internal import CSutureKernels
internal import CSutureOneDNN
internal import SutureArchitectures

// MARK: On kernels of ours

extension Convolution {
  func compileKernel(
    _ context: CompilerContext, _ isa: suture_isa, _ inputs: [MapShape], _ y: MapShape
  ) throws -> CompiledLayer? {
    let x = inputs[0]
    if adds, parts(context) != .reaches { return nil }
    if isDepthwise7x7 { return try depthwise(context, isa, x) }
    guard let sides = kernelSides else { return nil }
    if isDepthwise { return try smallDepthwise(context, isa, x, sides) }
    return groups == 1 ? try product(context, isa, inputs, y, sides) : nil
  }

  func parts(_ context: CompilerContext) -> PartHandling {
    context.instructions != nil && groups == 1 && !isDepthwise && kernelSides != nil ? .reaches : .none
  }

  private typealias KernelSides = (kernel: Int, stride: Int, padding: Int)

  /// Of windows that the kernels of ours have; `nil` where they compute no such convolution.
  private var kernelSides: KernelSides? {
    guard dilation == 1, activation == .none || activation == .silu, let kernel = kernel.side,
      let stride = stride.side, let padding = padding.side
    else { return nil }
    return (kernel, stride, padding)
  }

  private func depthwise(_ context: CompilerContext, _ isa: suture_isa, _ x: MapShape) throws -> CompiledLayer
  {
    var kernel = suture_depthwise(
      isa: isa, precision: SUTURE_PRECISION_FLOAT32, batch: x.batch, height: x.height, width: x.width,
      channels: x.channels, threads: context.kernelThreads)
    let request = unsafe WeightRequest(
      packed: try Layout([suture_depthwise_weight_count(&kernel)], dnnl_a), weightCount: weight.count,
      biasCount: suture_depthwise_bias_count(&kernel),
      packing: .kernel { [kernel] scratch, weights, biases in
        var kernel = kernel
        let bias = try unsafe readFolded(scratch)
        unsafe suture_depthwise_pack(&kernel, scratch.baseAddress, bias, weights.floats, biases)
      })
    return unsafe context.layer(request, scratch: suture_depthwise_scratch(&kernel)) {
      [kernel] x, y, weights, biases, scratch in
      var kernel = kernel
      unsafe suture_depthwise_run(&kernel, x[0], y, weights.floats, biases, scratch)
    }
  }

  /// A depthwise convolution with the activation behind it.
  private func smallDepthwise(
    _ context: CompilerContext, _ isa: suture_isa, _ x: MapShape, _ sides: KernelSides
  ) throws -> CompiledLayer {
    var kernel = suture_small_depthwise(
      isa: isa, precision: SUTURE_PRECISION_FLOAT32, batch: x.batch, height: x.height, width: x.width,
      channels: x.channels, kernel: sides.kernel,
      stride: sides.stride, padding: sides.padding, activates: activation == .silu,
      threads: context.kernelThreads)
    let request = unsafe WeightRequest(
      packed: try Layout([suture_small_depthwise_weight_count(&kernel)], dnnl_a), weightCount: weight.count,
      biasCount: suture_small_depthwise_bias_count(&kernel),
      packing: .kernel { [kernel] scratch, weights, biases in
        var kernel = kernel
        let bias = try unsafe readFolded(scratch)
        unsafe suture_small_depthwise_pack(&kernel, scratch.baseAddress, bias, weights.floats, biases)
      })
    return unsafe context.layer(request, scratch: 0) { [kernel] x, y, weights, biases, _ in
      var kernel = kernel
      unsafe suture_small_depthwise_run(&kernel, x[0], y, weights.floats, biases)
    }
  }

  /// A convolution of all channels, with the norm before it and the activation behind it.
  private func product(
    _ context: CompilerContext, _ isa: suture_isa, _ inputs: [MapShape], _ y: MapShape, _ sides: KernelSides
  ) throws -> CompiledLayer {
    let x = inputs[0]
    // The stem sees the image itself, which is not rounded.
    let kernel = suture_convolution(
      isa: isa, precision: inputChannels > 3 ? context.precision.ofKernels : SUTURE_PRECISION_FLOAT32,
      batch: x.batch, height: x.height, width: x.width, inputs: inputChannels, outputs: outputChannels,
      kernel: sides.kernel, stride: sides.stride,
      padding: sides.padding,
      pitches: suture_pitches(input: x.pitch, output: y.pitch, added: adds ? inputs[1].pitch : 0),
      normalizes: norm != nil, activates: activation == .silu, epsilon: Float(norm?.epsilon ?? 0),
      threads: context.kernelThreads)
    return try unsafe context.product(kernel, weightCount: weight.count) { weights, bias in
      try unsafe readFolded(weights, bias)
    }
  }

  /// Each channel goes into an output of its own.
  private var isDepthwise: Bool { groups == inputChannels && groups == outputChannels && norm == nil }

  /// As in each block of a ConvNeXt.
  private var isDepthwise7x7: Bool {
    isDepthwise && kernel == 7 && stride == 1 && padding == 3 && dilation == 1 && activation == .none
  }

  /// Reads the folded weights and gives the folded bias.
  private func readFolded(_ weights: UnsafeMutableBufferPointer<Float>) throws -> [Float] {
    var bias = [Float](repeating: 0, count: outputChannels)
    try unsafe bias.withUnsafeMutableBufferPointer { try unsafe readFolded(weights, $0) }
    return bias
  }
}
