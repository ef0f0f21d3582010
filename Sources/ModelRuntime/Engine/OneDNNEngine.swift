internal import COneDNN

/// The layers on oneDNN 2.6, activations in N×H×W×C throughout.
///
/// An N×C×H×W source would fall to oneDNN's reference convolution, a hundred times slower.
final class OneDNNEngine: ComputeEngine, @unchecked Sendable {
  // The handles are used by one thread at a time: a network runs its layers in order.
  private let engine: dnnl_engine_t
  private let stream: dnnl_stream_t

  init() throws {
    var (engine, stream): (dnnl_engine_t?, dnnl_stream_t?) = (nil, nil)
    try check(dnnl_engine_create(&engine, dnnl_cpu, 0), "no engine for this processor")
    try check(
      dnnl_stream_create(&stream, engine, dnnl_stream_default_flags.rawValue), "no stream for this processor")
    guard let engine, let stream else { throw ModelError.engine("it gave neither an error nor an engine") }
    (self.engine, self.stream) = (engine, stream)
  }

  deinit {
    dnnl_stream_destroy(stream)
    dnnl_engine_destroy(engine)
  }

  func convolve(_ x: FeatureMap, _ layer: Conv2d) throws -> FeatureMap {
    var y = try layer.output(for: x)
    let nhwc = dnnl_nhwc
    let source = try Description(x.shape, nhwc)
    let target = try Description(y.shape, nhwc)
    let bias = try Description([layer.outputChannels], dnnl_a)
    let kernel = [layer.kernel, layer.kernel]
    let plain: Description
    let packed: Description
    if layer.groups > 1 {
      let shape =
        [layer.groups, layer.outputChannels / layer.groups, layer.inputChannels / layer.groups] + kernel
      plain = try Description(shape, dnnl_goihw)
      packed = try Description(shape, dnnl_format_tag_any)
    } else {
      plain = try Description([layer.outputChannels, layer.inputChannels] + kernel, dnnl_oihw)
      packed = try Description(plain.shape, dnnl_format_tag_any)
    }
    var descriptor = dnnl_convolution_desc_t()
    let strides = [dnnl_dim_t(layer.stride), dnnl_dim_t(layer.stride)]
    let padding = [dnnl_dim_t(layer.padding), dnnl_dim_t(layer.padding)]
    try check(
      dnnl_convolution_forward_desc_init(
        &descriptor, dnnl_forward_inference, dnnl_convolution_direct, &source.value, &packed.value,
        &bias.value,
        &target.value, strides, padding, padding), "a convolution cannot be described")
    try run(
      try Primitive(descriptor: &descriptor, attributes: nil, engine: engine), x, (layer.weight, plain),
      (layer.bias, bias), source, target, into: &y)
    return y
  }

  func apply(_ layer: Linear, to x: FeatureMap, gelu: Bool) throws -> FeatureMap {
    var y = try layer.output(for: x)
    let source = try Description([x.rowCount, layer.inputs], dnnl_ab)
    let target = try Description([x.rowCount, layer.outputs], dnnl_ab)
    let bias = try Description([1, layer.outputs], dnnl_ab)
    // PyTorch keeps [out, in]; the product wants [in, out], which is the same memory read down its columns.
    let plain = try Description([layer.inputs, layer.outputs], dnnl_ba)
    let packed = try Description(plain.shape, dnnl_format_tag_any)
    var descriptor = dnnl_matmul_desc_t()
    try check(
      dnnl_matmul_desc_init(&descriptor, &source.value, &packed.value, &bias.value, &target.value),
      "a linear layer cannot be described")
    let attributes = try Attributes(gelu: gelu)
    try run(
      try Primitive(descriptor: &descriptor, attributes: attributes.handle, engine: engine), x,
      (layer.weight, plain),
      (layer.bias, bias), source, target, into: &y)
    return y
  }

  func normalize(_ x: FeatureMap, _ layer: LayerNorm) throws -> FeatureMap {
    var y = x
    let (channels, rows) = (x.channels, x.rowCount)
    let inverse = 1 / Float(channels)
    y.values.withUnsafeMutableBufferPointer { values in
      layer.weight.withUnsafeBufferPointer { weight in
        layer.bias.withUnsafeBufferPointer { bias in
          for row in 0..<rows {
            let pixel = UnsafeMutableBufferPointer(
              rebasing: values[(row * channels)..<((row + 1) * channels)])
            var mean: Float = 0
            for value in pixel { mean += value }
            mean *= inverse
            var variance: Float = 0
            for value in pixel { variance += (value - mean) * (value - mean) }
            let scale = 1 / (variance * inverse + Float(LayerNorm.epsilon)).squareRoot()
            for channel in 0..<channels {
              pixel[channel] = (pixel[channel] - mean) * scale * weight[channel] + bias[channel]
            }
          }
        }
      }
    }
    return y
  }

  // MARK: Running

  private func run(
    _ primitive: Primitive, _ x: FeatureMap, _ weight: (values: [Float], description: Description),
    _ bias: (values: [Float], description: Description), _ source: Description, _ target: Description,
    into y: inout FeatureMap
  ) throws {
    let packed = try pack(weight.values, weight.description, for: primitive)
    defer { packed.buffer.deallocate() }
    try x.values.withUnsafeBufferPointer { input in
      try bias.values.withUnsafeBufferPointer { bias_ in
        try y.values.withUnsafeMutableBufferPointer { output in
          let memories = [
            (DNNL_ARG_SRC, try Memory(source, UnsafeMutableRawPointer(mutating: input.baseAddress), engine)),
            (DNNL_ARG_WEIGHTS, packed.memory),
            (
              DNNL_ARG_BIAS,
              try Memory(bias.description, UnsafeMutableRawPointer(mutating: bias_.baseAddress), engine)
            ),
            (DNNL_ARG_DST, try Memory(target, output.baseAddress, engine)),
          ]
          try execute(primitive.handle, memories)
        }
      }
    }
  }

  /// The weights in the layout that the primitive asks for.
  private func pack(
    _ values: [Float], _ description: Description, for primitive: Primitive
  ) throws -> (memory: Memory, buffer: UnsafeMutableRawPointer) {
    guard let wanted = dnnl_primitive_desc_query_md(primitive.description, dnnl_query_weights_md, 0) else {
      throw ModelError.engine("it does not say how weights are to lie")
    }
    let buffer = UnsafeMutableRawPointer.allocate(byteCount: dnnl_memory_desc_get_size(wanted), alignment: 64)
    do {
      let target = try Memory(wanted, buffer, engine)
      var reorder: dnnl_primitive_desc_t?
      try check(
        dnnl_reorder_primitive_desc_create(&reorder, &description.value, engine, wanted, engine, nil),
        "weights cannot be reordered")
      let primitive = try Primitive(owning: reorder)
      try values.withUnsafeBufferPointer { values in
        let source = try Memory(description, UnsafeMutableRawPointer(mutating: values.baseAddress), engine)
        try execute(primitive.handle, [(DNNL_ARG_FROM, source), (DNNL_ARG_TO, target)])
      }
      return (target, buffer)
    } catch {
      buffer.deallocate()
      throw error
    }
  }

  private func execute(_ primitive: dnnl_primitive_t, _ memories: [(argument: Int32, memory: Memory)]) throws
  {
    let arguments = memories.map { dnnl_exec_arg_t(arg: $0.argument, memory: $0.memory.handle) }
    try check(
      dnnl_primitive_execute(primitive, stream, Int32(arguments.count), arguments),
      "a layer cannot be computed")
    try check(dnnl_stream_wait(stream), "a layer was not computed to its end")
    withExtendedLifetime(memories) {}
  }
}
