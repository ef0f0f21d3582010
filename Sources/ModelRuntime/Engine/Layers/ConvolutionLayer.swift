internal import CSutureOneDNN

extension CompilerContext {
  /// A convolution with its norms folded in: the batch norm into weights and bias, the affine half of the layer norm
  /// likewise, which is exact where there is no padding.
  func convolution(_ layer: Convolution, _ x: MapShape, _ y: MapShape) throws -> CompiledLayer {
    // The stem sees the image itself; the depthwise convolutions are bound by memory, not by arithmetic.
    let isHalf = precision == .bfloat16 && layer.groups == 1 && layer.inputChannels > 3
    let type = isHalf ? dnnl_bf16 : dnnl_f32
    let source = try Layout(x.nchw, dnnl_nhwc, type)
    let target = try Layout(y.nchw, dnnl_nhwc)
    let bias = try Layout([layer.outputChannels], dnnl_a)
    let kernel = [layer.kernel, layer.kernel]
    let shape =
      layer.groups > 1
      ? [layer.groups, layer.outputChannels / layer.groups, layer.inputChannels / layer.groups] + kernel
      : [layer.outputChannels, layer.inputChannels] + kernel
    let plain = try Layout(shape, layer.groups > 1 ? dnnl_goihw : dnnl_oihw)
    let wanted = try Layout(shape, dnnl_format_tag_any, type)
    var descriptor = dnnl_convolution_desc_t()
    let strides = [dnnl_dim_t](repeating: dnnl_dim_t(layer.stride), count: 2)
    let padding = [dnnl_dim_t](repeating: dnnl_dim_t(layer.padding), count: 2)
    try check(
      dnnl_convolution_forward_desc_init(
        &descriptor, dnnl_forward_inference, dnnl_convolution_direct, &source.value, &wanted.value,
        &bias.value,
        &target.value, strides, padding, padding), "a convolution cannot be described")
    let primitive = try Primitive(&descriptor, try Attributes(layer.activation), dnnl)

    let norm = try layer.norm.map { try normalization($0, rows: x.rows, isAffine: false) }
    let rounding = isHalf ? try reorder(try Layout(x.nchw, dnnl_nhwc), source) : nil
    let normalized = layer.norm == nil ? 0 : Region.aligned(x.count * 4)
    let rounded = isHalf ? Region.aligned(x.count * 2) : 0
    let scratchpad = max(
      primitive.scratchpadByteCount, norm?.primitive.scratchpadByteCount ?? 0,
      rounding?.scratchpadByteCount ?? 0)

    let request = WeightRequest(
      packed: try primitive.weightsLayout(), weightCount: layer.weight.count, biasCount: layer.outputChannels,
      packing: .reorder(from: plain, offset: 0) { weights, bias in try layer.readFolded(weights, bias) })
    return CompiledLayer(weights: [request], scratchByteCount: normalized + rounded + scratchpad) { buffers in
      let dnnl = dnnl
      let pad = buffers.scratch + normalized + rounded
      var input = buffers.inputs[0]
      var work: [CompiledLayer.Work] = []
      if let norm {
        let execution = try norm.primitive.bound(
          to: [(DNNL_ARG_SRC, norm.layout, input), (DNNL_ARG_DST, norm.layout, buffers.scratch)],
          scratchpad: pad,
          dnnl)
        work.append { try execution(dnnl) }
        input = buffers.scratch
      }
      if let rounding {
        let half = buffers.scratch + normalized
        let execution = try rounding.bound(
          to: [(DNNL_ARG_FROM, try Layout(x.nchw, dnnl_nhwc), input), (DNNL_ARG_TO, source, half)],
          scratchpad: pad, dnnl)
        work.append { try execution(dnnl) }
        input = half
      }
      let packed = buffers.weights[0]
      let execution = try primitive.bound(
        to: [
          (DNNL_ARG_SRC, source, input), (DNNL_ARG_WEIGHTS, packed.layout, packed.weights),
          (DNNL_ARG_BIAS, bias, packed.bias), (DNNL_ARG_DST, target, buffers.output),
        ], scratchpad: pad, dnnl)
      work.append { try execution(dnnl) }
      return work
    }
  }
}

extension Convolution {
  /// Weights and bias with the norms before and behind multiplied in.
  func readFolded(
    _ weights: UnsafeMutableBufferPointer<Float>, _ bias: UnsafeMutableBufferPointer<Float>
  ) throws {
    try weight.read(into: weights)
    if let parameter = self.bias { try parameter.read(into: bias) } else { bias.update(repeating: 0) }
    let perOutput = weights.count / max(outputChannels, 1)
    if let norm {
      let (scale, shift) = (try norm.weight.values(), try norm.bias.values())
      let area = kernel * kernel
      for output in 0..<outputChannels {
        var sum = Double(bias[output])
        for input in 0..<inputChannels {
          let start = output * perOutput + input * area
          for place in start..<(start + area) {
            sum += Double(weights[place]) * Double(shift[input])
            weights[place] *= scale[input]
          }
        }
        bias[output] = Float(sum)
      }
    }
    if let norm = try batchNorm?.folded() {
      for output in 0..<outputChannels {
        let scale = norm.scale[output]
        for place in (output * perOutput)..<((output + 1) * perOutput) {
          weights[place] = Float(Double(weights[place]) * scale)
        }
        bias[output] = Float(Double(bias[output]) * scale + norm.shift[output])
      }
    }
  }
}
