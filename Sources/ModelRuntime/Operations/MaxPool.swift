internal import CSutureKernels
internal import CSutureOneDNN
internal import SutureArchitectures

/// The largest of each window, channel by channel, as `nn.MaxPool2d`: NaN where one is there; what lies beyond the edge is
/// less than anything.
struct MaxPool: Operation {
  let kernel: Int
  let stride: Int
  let padding: Int
  /// Whether a window that reaches beyond the edge counts: `ceil_mode`.
  var roundsUp = false

  func output(for inputs: [MapShape]) throws -> MapShape {
    let x = inputs[0]
    do throws(ModuleMisfit) {
      let size = try ConvolutionLayer.outputSize(
        x.height, x.width, kernel: Sides(kernel), stride: Sides(stride), padding: Sides(padding),
        roundsUp: roundsUp)
      return MapShape(batch: x.batch, height: size.height, width: size.width, channels: x.channels)
    } catch { throw ModelError.wrongInput(error.reason) }
  }

  func compute(_ x: [FeatureMap], _ shape: MapShape) -> FeatureMap {
    let x = x[0]
    var y = FeatureMap(shape, [Float](repeating: -.infinity, count: shape.count))
    func window(_ place: Int, _ size: Int) -> Range<Int> {
      let start = place * stride - padding
      return max(start, 0)..<min(start + kernel, size)
    }
    for image in 0..<y.batch {
      for row in 0..<y.height {
        for column in 0..<y.width {
          let start = ((image * y.height + row) * y.width + column) * y.channels
          for sourceRow in window(row, x.height) {
            for sourceColumn in window(column, x.width) {
              let from = ((image * x.height + sourceRow) * x.width + sourceColumn) * x.channels
              for channel in 0..<x.channels {
                let value = x.values[from + channel]
                if value > y.values[start + channel] || value.isNaN { y.values[start + channel] = value }
              }
            }
          }
        }
      }
    }
    return y
  }

  func compile(_ context: CompilerContext, _ inputs: [MapShape], _ y: MapShape) throws -> CompiledLayer {
    let dnnl = context.dnnl
    let source = try Layout(inputs[0].nchw, dnnl_nhwc)
    let target = try Layout(y.nchw, dnnl_nhwc)
    func both(_ number: Int) -> [dnnl_dim_t] { [dnnl_dim_t](repeating: dnnl_dim_t(number), count: 2) }
    // What the last window reaches beyond the edge.
    func behind(_ input: Int, _ output: Int) -> dnnl_dim_t {
      dnnl_dim_t(max((output - 1) * stride + kernel - input - padding, 0))
    }
    let end = [behind(inputs[0].height, y.height), behind(inputs[0].width, y.width)]
    var descriptor = dnnl_pooling_desc_t()
    try unsafe check(
      dnnl_pooling_forward_desc_init(
        &descriptor, dnnl_forward_inference, dnnl_pooling_max, &source.value, &target.value, both(stride),
        both(kernel), both(padding), roundsUp ? end : both(padding)), "a pooling layer cannot be described")
    let primitive = try unsafe Primitive(&descriptor, try Attributes(), dnnl)
    return CompiledLayer(scratchByteCount: primitive.scratchpadByteCount) { buffers in
      let execution = try unsafe primitive.bound(
        to: [(DNNL_ARG_SRC, source, buffers.inputs[0]), (DNNL_ARG_DST, target, buffers.output)],
        scratchpad: buffers.scratch, dnnl)
      return [{ try execution(dnnl) }]
    }
  }
}

// MARK: On a kernel of ours

extension MaxPool {
  func compileKernel(
    _ context: CompilerContext, _ isa: suture_isa, _ inputs: [MapShape], _ y: MapShape
  ) throws -> CompiledLayer? {
    let x = inputs[0]
    var kernel = suture_max_pool(
      isa: isa, precision: SUTURE_PRECISION_FLOAT32, batch: x.batch, height: x.height, width: x.width,
      channels: x.channels, down: y.height, across: y.width, kernel: self.kernel, stride: stride,
      padding: padding, pitches: suture_pitches(input: x.pitch, output: y.pitch, added: 0),
      threads: context.kernelThreads)
    return unsafe CompiledLayer(scratchByteCount: suture_max_pool_scratch(&kernel)) { [kernel] buffers in
      [
        {
          var kernel = kernel
          unsafe suture_max_pool_run(
            &kernel, buffers.inputs[0].floats, buffers.output.floats, buffers.scratch)
        }
      ]
    }
  }

  func parts(_ context: CompilerContext) -> PartHandling { context.instructions == nil ? .none : .reaches }
}

extension GraphBuilder {
  mutating func maxPool(
    _ name: String, kernel: Int, stride: Int, padding: Int, roundsUp: Bool, of x: Int
  ) throws -> Int {
    graph.add(
      name, MaxPool(kernel: kernel, stride: stride, padding: padding, roundsUp: roundsUp), [x])
  }
}
