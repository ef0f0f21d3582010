internal import CSutureOneDNN
internal import SutureArchitectures
internal import SutureTensors

/// A convolution that makes maps larger, as `nn.ConvTranspose2d`: each pixel is spread by the kernel, and what meets is
/// added.
struct TransposedConvolution: Operation {
  let layer: TransposedLayer
  /// [in, out / groups, kernel, kernel].
  let weight: Parameter
  let bias: Parameter?

  init(_ name: String, _ layer: TransposedLayer, in dict: StateDict) throws {
    self.layer = layer
    weight = try Parameter(name + ".weight", in: dict, shape: layer.shape)
    bias =
      layer.hasBias ? try Parameter(name + ".bias", in: dict, shape: [layer.shape[1] * layer.groups]) : nil
  }

  private var inputs: Int { layer.shape[0] }
  private var outputs: Int { layer.shape[1] * layer.groups }
  private var kernel: Int { layer.shape[2] }

  var parameters: [Parameter] { [weight] + (bias.map { [$0] } ?? []) }

  func multiplyAccumulates(for output: MapShape) -> Int {
    // Each pixel of the input goes into a kernel of pixels.
    output.count * (inputs / layer.groups) * kernel * kernel / (layer.stride * layer.stride)
  }

  func output(for x: [MapShape]) throws -> MapShape {
    guard x[0].channels == inputs else {
      throw ModelError.wrongInput("it takes \(inputs) channels and is given \(x[0].channels)")
    }
    do throws(ModuleMisfit) {
      return MapShape(
        batch: x[0].batch, height: try layer.side(for: x[0].height), width: try layer.side(for: x[0].width),
        channels: outputs)
    } catch { throw ModelError.wrongInput(error.reason) }
  }

  func compute(_ x: [FeatureMap], _ shape: MapShape) throws -> FeatureMap {
    let x = x[0]
    let weight = try weight.values()
    let bias = try bias?.values() ?? [Float](repeating: 0, count: outputs)
    var sums = (0..<shape.count).map { Double(bias[$0 % outputs]) }
    let (own, gives) = (inputs / layer.groups, layer.shape[1])
    for pixel in 0..<x.rowCount {
      let (image, row, column) = (
        pixel / (x.height * x.width), pixel / x.width % x.height, pixel % x.width
      )
      for dy in 0..<kernel {
        let targetRow = row * layer.stride + dy - layer.padding
        if targetRow < 0 || targetRow >= shape.height { continue }
        for dx in 0..<kernel {
          let targetColumn = column * layer.stride + dx - layer.padding
          if targetColumn < 0 || targetColumn >= shape.width { continue }
          let start = ((image * shape.height + targetRow) * shape.width + targetColumn) * outputs
          for input in 0..<inputs {
            let value = Double(x.values[pixel * inputs + input])
            let first = start + input / own * gives
            for output in 0..<gives {
              let place = ((input * gives + output) * kernel + dy) * kernel + dx
              sums[first + output] += value * Double(weight[place])
            }
          }
        }
      }
    }
    return FeatureMap(shape, sums.map { Float($0) })
  }

  func compile(_ context: CompilerContext, _ x: [MapShape], _ y: MapShape) throws -> CompiledLayer {
    let dnnl = context.dnnl
    let source = try Layout(x[0].nchw, dnnl_nhwc)
    let target = try Layout(y.nchw, dnnl_nhwc)
    let biasLayout = try Layout([outputs], dnnl_a)
    let (own, gives, area) = (inputs / layer.groups, layer.shape[1], kernel * kernel)
    // PyTorch has the inputs first.
    let (shape, steps) = (
      [layer.groups, gives, own, kernel, kernel], [own * gives * area, area, gives * area, kernel, 1]
    )
    let drop = layer.groups == 1 ? 1 : 0
    let plain = try Layout(Array(shape.dropFirst(drop)), strides: Array(steps.dropFirst(drop)))
    let wanted = try Layout(Array(shape.dropFirst(drop)), dnnl_format_tag_any)
    func both(_ number: Int) -> [dnnl_dim_t] { [dnnl_dim_t](repeating: dnnl_dim_t(number), count: 2) }
    var descriptor = dnnl_deconvolution_desc_t()
    try unsafe check(
      dnnl_deconvolution_forward_desc_init(
        &descriptor, dnnl_forward_inference, dnnl_deconvolution_direct, &source.value, &wanted.value,
        &biasLayout.value, &target.value, both(layer.stride), both(layer.padding),
        both(layer.padding - layer.outputPadding)), "a transposed convolution cannot be described")
    let primitive = try unsafe Primitive(&descriptor, try Attributes(), dnnl)
    let request = unsafe WeightRequest(
      packed: try primitive.weightsLayout(), weightCount: weight.count, biasCount: outputs,
      packing: .reorder(from: plain, offset: 0) { weights, bias in
        try unsafe weight.read(into: weights)
        if let parameter = self.bias {
          try unsafe parameter.read(into: bias)
        } else {
          unsafe bias.update(repeating: 0)
        }
      })
    return CompiledLayer(weights: [request], scratchByteCount: primitive.scratchpadByteCount) { buffers in
      let packed = buffers.weights[0]
      let execution = try unsafe primitive.bound(
        to: [
          (DNNL_ARG_SRC, source, buffers.inputs[0]), (DNNL_ARG_WEIGHTS, packed.layout, packed.weights),
          (DNNL_ARG_BIAS, biasLayout, packed.bias), (DNNL_ARG_DST, target, buffers.output),
        ], scratchpad: buffers.scratch, dnnl)
      return [{ try execution(dnnl) }]
    }
  }
}

extension GraphBuilder {
  mutating func transposedConvolution(_ name: String, _ layer: TransposedLayer, of x: Int) throws -> Int {
    graph.add(name, try TransposedConvolution(name, layer, in: dict), [x])
  }
}
