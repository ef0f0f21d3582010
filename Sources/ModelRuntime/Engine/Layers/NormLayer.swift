internal import CSutureOneDNN

extension CompilerContext {
  /// Normalises `rows` pixels; with weight and bias where `isAffine`.
  func normalization(
    _ layer: LayerNorm, rows: Int, isAffine: Bool
  ) throws -> (primitive: Primitive, layout: Layout) {
    let layout = try Layout([rows, layer.weight.count], dnnl_ab)
    var descriptor = dnnl_layer_normalization_desc_t()
    let flags = isAffine ? dnnl_use_scale.rawValue | dnnl_use_shift.rawValue : 0
    try check(
      dnnl_layer_normalization_forward_desc_init(
        &descriptor, dnnl_forward_inference, &layout.value, nil, Float(layer.epsilon), UInt32(flags)),
      "a layer norm cannot be described")
    return (try Primitive(&descriptor, try Attributes(), dnnl), layout)
  }

  /// Copies from one layout or element type to another.
  func reorder(_ from: Layout, _ to: Layout) throws -> Primitive {
    var description: dnnl_primitive_desc_t?
    let attributes = try Attributes()
    try check(
      dnnl_reorder_primitive_desc_create(
        &description, &from.value, dnnl.engine, &to.value, dnnl.engine, attributes.handle),
      "a layout cannot be made of another")
    return try Primitive(owning: description)
  }

  /// A layer norm that stands alone, in place.
  func layerNorm(_ layer: LayerNorm, _ x: MapShape) throws -> CompiledLayer {
    let (primitive, layout) = try normalization(layer, rows: x.rows, isAffine: true)
    let channels = try Layout([x.channels], dnnl_a)
    let request = WeightRequest(
      packed: channels, weightCount: x.channels, biasCount: x.channels,
      packing: .none { weights, bias in
        try layer.weight.read(into: weights)
        try layer.bias.read(into: bias)
      })
    return CompiledLayer(
      weights: [request], scratchByteCount: primitive.scratchpadByteCount, replacedInput: 0
    ) { buffers in
      let dnnl = dnnl
      let packed = buffers.weights[0]
      let execution = try primitive.bound(
        to: [
          (DNNL_ARG_SRC, layout, buffers.output), (DNNL_ARG_DST, layout, buffers.output),
          (DNNL_ARG_SCALE, channels, packed.weights), (DNNL_ARG_SHIFT, channels, packed.bias),
        ], scratchpad: buffers.scratch, dnnl)
      return [{ try execution(dnnl) }]
    }
  }
}
