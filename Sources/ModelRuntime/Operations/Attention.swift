internal import CSutureOneDNN
internal import Glibc
internal import SutureArchitectures
internal import SutureBytes

/// What `nn.MultiheadAttention` computes between its projections: softmax(q · kᵀ / √*d*) · v, head by head, where the
/// pixels of an image are the sequence and each head has *d* channels.
///
/// Inputs: queries, keys, values.
struct Attention: Operation {
  let heads: Int

  func output(for inputs: [MapShape]) throws -> MapShape {
    guard inputs.allSatisfy({ $0 == inputs[0] }), inputs[0].channels % heads == 0 else {
      throw ModelError.wrongInput(
        "queries, keys and values are \(inputs.map(\.text).joined(separator: ", ")), for \(heads) heads")
    }
    return inputs[0]
  }

  /// Of all products with the queries and with the values.
  func multiplyAccumulates(for output: MapShape) -> Int {
    output.count.multiplied(saturating: 2 * output.height * output.width)
  }

  /// Each pixel's score for each other, of one image.
  func workByteCount(for inputs: [MapShape]) -> Int {
    let pixels = inputs[0].height * inputs[0].width
    return (heads * 4).multiplied(saturating: pixels).multiplied(saturating: pixels)
  }

  func compute(_ x: [FeatureMap], _ shape: MapShape) -> FeatureMap {
    let (queries, keys, values) = (x[0], x[1], x[2])
    var y = FeatureMap(shape, [Float](repeating: 0, count: shape.count))
    let (pixels, depth, channels) = (shape.height * shape.width, shape.channels / heads, shape.channels)
    let scale = 1 / Double(depth).squareRoot()
    var weights = [Double](repeating: 0, count: pixels)
    for image in 0..<shape.batch {
      for head in 0..<heads {
        let start = image * pixels * channels + head * depth
        for query in 0..<pixels {
          for key in 0..<pixels {
            var sum = 0.0
            for place in 0..<depth {
              sum +=
                Double(queries.values[start + query * channels + place])
                * Double(keys.values[start + key * channels + place])
            }
            weights[key] = sum * scale
          }
          let peak = weights.max() ?? 0
          for key in 0..<pixels { weights[key] = exp(weights[key] - peak) }
          let total = weights.reduce(0, +)
          for place in 0..<depth {
            var sum = 0.0
            for key in 0..<pixels {
              sum += weights[key] * Double(values.values[start + key * channels + place])
            }
            y.values[start + query * channels + place] = Float(sum / total)
          }
        }
      }
    }
    return y
  }

  /// Two products with a softmax between them, image by image, all heads at a time.
  func compile(_ context: CompilerContext, _ inputs: [MapShape], _ y: MapShape) throws -> CompiledLayer {
    let dnnl = context.dnnl
    let (pixels, depth, channels) = (y.height * y.width, y.channels / heads, y.channels)
    let rows = try Layout([heads, pixels, depth], strides: [depth, channels, 1])
    let columns = try Layout([heads, depth, pixels], strides: [depth, 1, channels])
    let scores = try Layout([heads, pixels, pixels], dnnl_abc)
    let noBias = Layout(dnnl_memory_desc_t())
    func product(_ a: Layout, _ b: Layout, _ c: Layout, scale: Float) throws -> Primitive {
      var descriptor = dnnl_matmul_desc_t()
      try unsafe check(
        dnnl_matmul_desc_init(&descriptor, &a.value, &b.value, &noBias.value, &c.value),
        "a product of attention cannot be described")
      return try unsafe Primitive(&descriptor, try Attributes(scale: scale), dnnl)
    }
    let asked = try product(rows, columns, scores, scale: 1 / Float(depth).squareRoot())
    let answered = try product(scores, rows, rows, scale: 1)
    var descriptor = dnnl_softmax_desc_t()
    try unsafe check(
      dnnl_softmax_forward_desc_init(&descriptor, dnnl_forward_inference, &scores.value, 2),
      "a softmax cannot be described")
    let softmax = try unsafe Primitive(&descriptor, try Attributes(), dnnl)
    let table = Region.aligned(scores.byteCount)
    let scratchpad = [asked, answered, softmax].map(\.scratchpadByteCount).max() ?? 0
    return CompiledLayer(scratchByteCount: table + scratchpad) { buffers in
      let pad = unsafe buffers.scratch + table
      var work: [CompiledLayer.Work] = []
      for image in 0..<y.batch {
        let start = image * pixels * channels * 4
        let (q, k, v) = unsafe (
          buffers.inputs[0] + start, buffers.inputs[1] + start, buffers.inputs[2] + start
        )
        let executions = try unsafe [
          asked.bound(
            to: [
              (DNNL_ARG_SRC, rows, q), (DNNL_ARG_WEIGHTS, columns, k),
              (DNNL_ARG_DST, scores, buffers.scratch),
            ],
            scratchpad: pad, dnnl),
          softmax.bound(
            to: [(DNNL_ARG_SRC, scores, buffers.scratch), (DNNL_ARG_DST, scores, buffers.scratch)],
            scratchpad: pad,
            dnnl),
          answered.bound(
            to: [
              (DNNL_ARG_SRC, scores, buffers.scratch), (DNNL_ARG_WEIGHTS, rows, v),
              (DNNL_ARG_DST, rows, buffers.output + start),
            ], scratchpad: pad, dnnl),
        ]
        work += executions.map { execution in { try execution(dnnl) } }
      }
      return work
    }
  }
}

extension GraphBuilder {
  mutating func attention(
    _ name: String, heads: Int, queries: Int, keys: Int, values: Int
  ) throws -> Int {
    graph.add(name, Attention(heads: heads), [queries, keys, values])
  }
}
