internal import CSutureOneDNN
internal import SutureArchitectures
internal import SutureTensors

/// A convolution over N×C×H×W as `nn.Conv2d`, with what stands directly before and behind it.
struct Convolution: Operation {
  /// [out, in / groups, kernel, kernel].
  let weight: Parameter
  let bias: Parameter?
  let inputChannels: Int
  let outputChannels: Int
  let kernel: Sides
  let stride: Sides
  let padding: Sides
  let dilation: Int
  let groups: Int
  /// Each pixel's channels are normalised first; only where there is no padding.
  let norm: LayerNorm?
  let batchNorm: BatchNorm?
  let activation: Activation
  /// Whether a second input is added, behind the activation.
  let adds: Bool

  /// - Parameter epsilons: of the norm before it and of the one behind it.
  init(
    _ layer: ConvolutionLayer, in dict: StateDict, adds: Bool = false,
    epsilons: (layer: Double, batch: Double) = (ConvNeXtConfiguration.epsilon, BatchNorm.usualEpsilon)
  ) throws {
    self.adds = adds
    (groups, stride, padding, dilation) = (layer.groups, layer.stride, layer.padding, layer.dilation)
    (outputChannels, inputChannels) = (layer.shape[0], layer.shape[1] * layer.groups)
    (kernel, activation) = (Sides(height: layer.shape[2], width: layer.shape[3]), layer.activation)
    weight = try Parameter(layer.name + ".weight", in: dict, shape: layer.shape)
    bias = layer.hasBias ? try Parameter(layer.name + ".bias", in: dict, shape: [outputChannels]) : nil
    norm = try layer.layerNorm.map { [inputChannels] in
      try LayerNorm($0, in: dict, channels: inputChannels, epsilon: epsilons.layer)
    }
    batchNorm = try layer.batchNorm.map { [outputChannels] in
      try BatchNorm($0, in: dict, channels: outputChannels, epsilon: epsilons.batch)
    }
  }

  var parameters: [Parameter] {
    [weight] + (bias.map { [$0] } ?? []) + (batchNorm?.parameters ?? []) + (norm?.parameters ?? [])
  }

  func multiplyAccumulates(for output: MapShape) -> Int {
    output.count * (inputChannels / groups) * kernel.area
  }

  func output(for inputs: [MapShape]) throws -> MapShape {
    let x = inputs[0]
    guard x.channels == inputChannels else {
      throw ModelError.wrongInput("it takes \(inputChannels) channels and is given \(x.channels)")
    }
    let output: MapShape
    do throws(ModuleMisfit) {
      let size = try ConvolutionLayer.outputSize(
        x.height, x.width, kernel: kernel, stride: stride, padding: padding, dilation: dilation)
      output = MapShape(batch: x.batch, height: size.height, width: size.width, channels: outputChannels)
    } catch { throw ModelError.wrongInput(error.reason) }
    return adds ? try Add().output(for: [output, inputs[1]]) : output
  }

  func compute(_ x: [FeatureMap], _ shape: MapShape) throws -> FeatureMap {
    let sum = try convolve(x[0], shape)
    return adds ? try Add().compute([sum, x[1]], shape) : sum
  }

  private func convolve(_ x: FeatureMap, _ shape: MapShape) throws -> FeatureMap {
    let x = try norm?.normalize(x) ?? x
    var y = FeatureMap(shape, [Float](repeating: 0, count: shape.count))
    let (inputs, outputs) = (inputChannels / groups, outputChannels / groups)
    let area = kernel.area
    let weight = try weight.values()
    let bias = try bias?.values() ?? [Float](repeating: 0, count: outputChannels)
    let folded = try batchNorm?.folded()
    for image in 0..<y.batch {
      for row in 0..<y.height {
        for column in 0..<y.width {
          for channel in 0..<outputChannels {
            var sum = Double(bias[channel])
            let firstInput = channel / outputs * inputs
            for dy in 0..<kernel.height {
              let sourceRow = row * stride.height + dy * dilation - padding.height
              if sourceRow < 0 || sourceRow >= x.height { continue }
              for dx in 0..<kernel.width {
                let sourceColumn = column * stride.width + dx * dilation - padding.width
                if sourceColumn < 0 || sourceColumn >= x.width { continue }
                let pixel =
                  ((image * x.height + sourceRow) * x.width + sourceColumn) * x.channels + firstInput
                let first = channel * inputs * area + dy * kernel.width + dx
                for input in 0..<inputs {
                  sum += Double(x.values[pixel + input]) * Double(weight[first + input * area])
                }
              }
            }
            if let folded { sum = sum * folded.scale[channel] + folded.shift[channel] }
            y.values[((image * y.height + row) * y.width + column) * y.channels + channel] =
              activation.applied(to: sum)
          }
        }
      }
    }
    return y
  }
}

extension GraphBuilder {
  mutating func convolution(_ name: String, _ layer: ConvolutionLayer, of x: Int, adding other: Int?) throws
    -> Int
  {
    let layer = fused(layer)
    let before = layer.layerNorm.map { epsilon(of: $0, .layer, usually: ConvNeXtConfiguration.epsilon) }
    let behind = layer.batchNorm.map { epsilon(of: $0, .batch, usually: BatchNorm.usualEpsilon) }
    let operation = try Convolution(
      layer, in: dict, adds: other != nil,
      epsilons: (before ?? ConvNeXtConfiguration.epsilon, behind ?? BatchNorm.usualEpsilon))
    return graph.add(name, operation, [x] + (other.map { [$0] } ?? []))
  }

  /// As the weights have it: `fuse()` of YOLOv5 leaves a convolution with a bias, and no batch norm.
  private func fused(_ layer: ConvolutionLayer) -> ConvolutionLayer {
    guard let norm = layer.batchNorm, !layer.hasBias, dict[norm + ".weight"] == nil,
      dict[layer.name + ".bias"] != nil
    else { return layer }
    var layer = layer
    (layer.batchNorm, layer.hasBias) = (nil, true)
    return layer
  }
}

// MARK: On oneDNN

extension Convolution {
  /// A convolution with its norms folded in: the batch norm into weights and bias, the affine half of the layer norm
  /// likewise, which is exact where there is no padding.
  func compile(_ context: CompilerContext, _ inputs: [MapShape], _ y: MapShape) throws -> CompiledLayer {
    let (x, dnnl) = (inputs[0], context.dnnl)
    // The stem sees the image itself; the depthwise convolutions are bound by memory, not by arithmetic.
    let isHalf = context.precision == .bfloat16 && groups == 1 && inputChannels > 3
    let type = isHalf ? dnnl_bf16 : dnnl_f32
    let source = try Layout(x.nchw, dnnl_nhwc, type)
    let target = try Layout(y.nchw, dnnl_nhwc)
    let biasLayout = try Layout([outputChannels], dnnl_a)
    let sides = [kernel.height, kernel.width]
    let shape =
      groups > 1
      ? [groups, outputChannels / groups, inputChannels / groups] + sides
      : [outputChannels, inputChannels] + sides
    let plain = try Layout(shape, groups > 1 ? dnnl_goihw : dnnl_oihw)
    let wanted = try Layout(shape, dnnl_format_tag_any, type)
    var descriptor = dnnl_convolution_desc_t()
    let strides = [stride.height, stride.width].map { dnnl_dim_t($0) }
    let pads = [padding.height, padding.width].map { dnnl_dim_t($0) }
    let gaps = [dnnl_dim_t](repeating: dnnl_dim_t(dilation - 1), count: 2)
    try unsafe check(
      dnnl_dilated_convolution_forward_desc_init(
        &descriptor, dnnl_forward_inference, dnnl_convolution_direct, &source.value, &wanted.value,
        &biasLayout.value, &target.value, strides, gaps, pads, pads), "a convolution cannot be described")
    let primitive = try unsafe Primitive(&descriptor, try Attributes(activation), dnnl)

    let normalization = try norm.map {
      try context.normalization(
        rows: x.rows, channels: x.channels, epsilon: $0.epsilon, isAffine: false)
    }
    let rounding = isHalf ? try context.reorder(try Layout(x.nchw, dnnl_nhwc), source) : nil
    let normalized = norm == nil ? 0 : Region.aligned(x.count * 4)
    let rounded = isHalf ? Region.aligned(x.count * 2) : 0
    let scratchpad = max(
      primitive.scratchpadByteCount, normalization?.primitive.scratchpadByteCount ?? 0,
      rounding?.scratchpadByteCount ?? 0)

    let request = unsafe WeightRequest(
      packed: try primitive.weightsLayout(), weightCount: weight.count, biasCount: outputChannels,
      packing: .reorder(from: plain, offset: 0) { weights, bias in try unsafe readFolded(weights, bias) })
    return CompiledLayer(weights: [request], scratchByteCount: normalized + rounded + scratchpad) { buffers in
      let pad = unsafe buffers.scratch + normalized + rounded
      var input = unsafe buffers.inputs[0]
      var work: [CompiledLayer.Work] = []
      if let normalization {
        let execution = try unsafe normalization.primitive.bound(
          to: [
            (DNNL_ARG_SRC, normalization.layout, input),
            (DNNL_ARG_DST, normalization.layout, buffers.scratch),
          ],
          scratchpad: pad,
          dnnl)
        work.append { try execution(dnnl) }
        unsafe input = unsafe buffers.scratch
      }
      if let rounding {
        let half = unsafe buffers.scratch + normalized
        let execution = try unsafe rounding.bound(
          to: [(DNNL_ARG_FROM, try Layout(x.nchw, dnnl_nhwc), input), (DNNL_ARG_TO, source, half)],
          scratchpad: pad, dnnl)
        work.append { try execution(dnnl) }
        unsafe input = unsafe half
      }
      let packed = buffers.weights[0]
      let execution = try unsafe primitive.bound(
        to: [
          (DNNL_ARG_SRC, source, input), (DNNL_ARG_WEIGHTS, packed.layout, packed.weights),
          (DNNL_ARG_BIAS, biasLayout, packed.bias), (DNNL_ARG_DST, target, buffers.output),
        ], scratchpad: pad, dnnl)
      work.append { try execution(dnnl) }
      if adds {
        unsafe work.append(Add.work((buffers.output, y), (buffers.output, y), (buffers.inputs[1], inputs[1])))
      }
      return work
    }
  }
}

extension Convolution {
  /// Weights and bias with the norms before and behind multiplied in.
  func readFolded(
    _ weights: UnsafeMutableBufferPointer<Float>, _ bias: UnsafeMutableBufferPointer<Float>
  ) throws {
    try unsafe weight.read(into: weights)
    if let parameter = self.bias {
      try unsafe parameter.read(into: bias)
    } else {
      unsafe bias.update(repeating: 0)
    }
    let perOutput = weights.count / max(outputChannels, 1)
    if let norm {
      let (scale, shift) = (try norm.weight.values(), try norm.bias.values())
      let area = kernel.area
      for output in 0..<outputChannels {
        var sum = unsafe Double(bias[output])
        for input in 0..<inputChannels {
          let start = output * perOutput + input * area
          for place in start..<(start + area) {
            unsafe sum += Double(weights[place]) * Double(shift[input])
            unsafe weights[place] *= scale[input]
          }
        }
        unsafe bias[output] = Float(sum)
      }
    }
    if let norm = try batchNorm?.folded() {
      for output in 0..<outputChannels {
        let scale = norm.scale[output]
        for place in (output * perOutput)..<((output + 1) * perOutput) {
          unsafe weights[place] = unsafe Float(Double(weights[place]) * scale)
        }
        unsafe bias[output] = unsafe Float(Double(bias[output]) * scale + norm.shift[output])
      }
    }
  }
}
