internal import CSutureOneDNN
internal import Glibc
internal import SutureArchitectures
internal import SutureBytes

/// What `nn.MultiheadAttention` computes between its projections: softmax(q · kᵀ / √*d*) · v, head by head, where the
/// pixels of an image are the sequence and each head's queries have *d* channels.
///
/// Inputs: queries, keys, values; the values may have other channels than the first two.
struct Attention: Operation {
  let heads: Int
  /// How many sequences an image is, so many pixels one behind the other in each.
  var areas = 1

  func output(for inputs: [MapShape]) throws -> MapShape {
    let (queries, values) = (inputs[0], inputs[2])
    guard inputs[1] == queries, queries.channels % heads == 0, values.channels % heads == 0,
      (values.batch, values.height, values.width) == (queries.batch, queries.height, queries.width)
    else {
      throw ModelError.wrongInput(
        "queries, keys and values are \(inputs.map(\.text).joined(separator: ", ")), for \(heads) heads")
    }
    guard queries.height * queries.width % areas == 0 else {
      throw ModelError.wrongInput(
        "a map of \(queries.text) is not divided into \(areas) areas without a rest; another size of the image is needed"
      )
    }
    return values
  }

  /// Of all products with the values, and as many with the queries where they have as many channels.
  func multiplyAccumulates(for output: MapShape) -> Int {
    output.count.multiplied(saturating: 2 * output.height * output.width / areas)
  }

  /// Each pixel's score for each other, of one area.
  func workByteCount(for inputs: [MapShape]) -> Int {
    let pixels = inputs[0].height * inputs[0].width / areas
    return (heads * 4).multiplied(saturating: pixels).multiplied(saturating: pixels)
  }

  func compute(_ x: [FeatureMap], _ shape: MapShape) -> FeatureMap {
    let (queries, keys, values) = (x[0], x[1], x[2])
    var y = FeatureMap(shape, [Float](repeating: 0, count: shape.count))
    let (pixels, depth, channels) = (
      shape.height * shape.width / areas, queries.channels / heads, queries.channels
    )
    let (width, outputs) = (shape.channels / heads, shape.channels)
    let scale = 1 / Double(depth).squareRoot()
    var weights = [Double](repeating: 0, count: pixels)
    for image in 0..<(shape.batch * areas) {
      for head in 0..<heads {
        let start = image * pixels * channels + head * depth
        let answers = image * pixels * outputs + head * width
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
          for place in 0..<width {
            var sum = 0.0
            for key in 0..<pixels {
              sum += weights[key] * Double(values.values[answers + key * outputs + place])
            }
            y.values[answers + query * outputs + place] = Float(sum / total)
          }
        }
      }
    }
    return y
  }

  /// Two products with a softmax between them, area by area, all heads at a time.
  func compile(_ context: CompilerContext, _ inputs: [MapShape], _ y: MapShape) throws -> CompiledLayer {
    let dnnl = context.dnnl
    let (pixels, channels) = (y.height * y.width / areas, inputs[0].channels)
    let depth = channels / heads
    let rows = try Layout([heads, pixels, depth], strides: [depth, channels, 1])
    let columns = try Layout([heads, depth, pixels], strides: [depth, 1, channels])
    let answers = try Layout(
      [heads, pixels, y.channels / heads], strides: [y.channels / heads, y.channels, 1])
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
    let answered = try product(scores, answers, answers, scale: 1)
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
      for image in 0..<(y.batch * areas) {
        let start = image * pixels * channels * 4
        let answersStart = image * pixels * y.channels * 4
        let (q, k, v) = unsafe (
          buffers.inputs[0] + start, buffers.inputs[1] + start, buffers.inputs[2] + answersStart
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
              (DNNL_ARG_SRC, scores, buffers.scratch), (DNNL_ARG_WEIGHTS, answers, v),
              (DNNL_ARG_DST, answers, buffers.output + answersStart),
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
    _ name: String, heads: Int, areas: Int, queries: Int, keys: Int, values: Int
  ) throws -> Int {
    graph.add(name, Attention(heads: heads, areas: areas), [queries, keys, values])
  }
}
