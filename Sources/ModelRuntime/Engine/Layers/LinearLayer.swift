internal import COneDNN

/// A product of pixels and weights with what follows it.
struct Product {
  let primitive: Primitive
  let source: Layout
  let bias: Layout
  let target: Layout

  func bound(
    _ from: UnsafeMutableRawPointer, _ weights: PackedWeights, _ to: UnsafeMutableRawPointer,
    scratchpad: UnsafeMutableRawPointer, _ dnnl: OneDNN
  ) throws -> Execution {
    try primitive.bound(
      to: [
        (DNNL_ARG_SRC, source, from), (DNNL_ARG_WEIGHTS, weights.layout, weights.weights),
        (DNNL_ARG_BIAS, bias, weights.bias), (DNNL_ARG_DST, target, to),
      ], scratchpad: scratchpad, dnnl)
  }
}

extension CompilerContext {
  /// `rows` pixels of `inputs` channels times [inputs, outputs].
  ///
  /// - Parameter weights: the layout that the weights have, where they are packed already.
  func product(
    rows: Int, inputs: Int, outputs: Int, _ types: (source: dnnl_data_type_t, target: dnnl_data_type_t),
    _ attributes: Attributes, weights: Layout? = nil
  ) throws -> Product {
    let source = try Layout([rows, inputs], dnnl_ab, types.source)
    let target = try Layout([rows, outputs], dnnl_ab, types.target)
    let bias = try Layout([1, outputs], dnnl_ab)
    let wanted = try weights ?? Layout([inputs, outputs], dnnl_format_tag_any, types.source)
    var descriptor = dnnl_matmul_desc_t()
    try check(
      dnnl_matmul_desc_init(&descriptor, &source.value, &wanted.value, &bias.value, &target.value),
      "a linear layer cannot be described")
    return Product(
      primitive: try Primitive(&descriptor, attributes, dnnl), source: source, bias: bias, target: target)
  }

  func linear(_ layer: Linear, _ x: MapShape) throws -> CompiledLayer {
    let product = try product(
      rows: x.rows, inputs: layer.inputs, outputs: layer.outputs, (dnnl_f32, dnnl_f32),
      try Attributes(layer.activation))
    let request = WeightRequest(
      plain: try Layout([layer.inputs, layer.outputs], dnnl_ba),
      packed: try product.primitive.weightsLayout(),
      weightCount: layer.weight.count, biasCount: layer.outputs
    ) { weights, bias in
      try layer.weight.read(into: weights)
      try layer.bias.read(into: bias)
    }
    return CompiledLayer(weights: [request], scratchByteCount: product.primitive.scratchpadByteCount) {
      buffers in
      let dnnl = dnnl
      let execution = try product.bound(
        buffers.inputs[0], buffers.weights[0], buffers.output, scratchpad: buffers.scratch, dnnl)
      return [{ try execution(dnnl) }]
    }
  }
}
