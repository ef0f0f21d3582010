internal import CSutureOneDNN
internal import SutureArchitectures

/// A product of pixels and weights with what follows it, summed part by part.
///
/// A sum of thousands of float32 products in a row loses digits as it grows; in parts of ``maximumSum`` it loses
/// fewer, for one more pass over the output each.
struct Product {
  /// The first part, which adds the bias; those between; and the last, which is followed by the activation.
  let primitives: [Primitive]
  let source: Layout
  let bias: Layout
  let target: Layout
  /// How many inputs a part has.
  let partWidth: Int

  /// How many products are summed in a row.
  static let maximumSum = 1024

  /// How many parts a sum of `inputs` products has: the fewest of equal size, each a multiple of 16.
  static func parts(_ inputs: Int) -> Int {
    let least = (inputs + maximumSum - 1) / maximumSum
    return (least...max(least, 64)).first { inputs % ($0 * 16) == 0 } ?? 1
  }

  func weightsLayout() throws -> Layout { try primitives[0].weightsLayout() }

  var scratchpadByteCount: Int { primitives.map(\.scratchpadByteCount).max() ?? 0 }

  func bound(
    _ from: UnsafeMutableRawPointer, _ weights: PackedWeights, _ to: UnsafeMutableRawPointer,
    scratchpad: UnsafeMutableRawPointer, _ dnnl: OneDNN
  ) throws -> [Execution] {
    try primitives.enumerated().map { part, primitive in
      let start = unsafe from + part * partWidth * source.elementByteCount
      var memories = unsafe [
        (DNNL_ARG_SRC, source, start), (DNNL_ARG_WEIGHTS, weights.layout, weights.part(part)),
        (DNNL_ARG_DST, target, to),
      ]
      if part == 0 { unsafe memories.append((DNNL_ARG_BIAS, bias, weights.bias)) }
      return try unsafe primitive.bound(to: memories, scratchpad: scratchpad, dnnl)
    }
  }
}

extension CompilerContext {
  /// `rows` pixels of `inputs` channels times [inputs, outputs].
  ///
  /// - Parameter accumulates: whether the result is added to what the output holds.
  /// - Parameter weights: the layout that the parts of the weights have, where they are packed already.
  func product(
    rows: Int, inputs: Int, outputs: Int, _ types: (source: dnnl_data_type_t, target: dnnl_data_type_t),
    _ activation: Activation = .none, accumulates: Bool = false, weights: Layout? = nil
  ) throws -> Product {
    // Only a float32 output can hold what the parts before have summed.
    let parts = types.target == dnnl_f32 ? Product.parts(inputs) : 1
    let width = inputs / parts
    let source = try Layout([rows, width], strides: [inputs, 1], types.source)
    let target = try Layout([rows, outputs], dnnl_ab, types.target)
    let bias = try Layout([1, outputs], dnnl_ab)
    let noBias = Layout(dnnl_memory_desc_t())
    var wanted = try weights ?? Layout([width, outputs], dnnl_format_tag_any, types.source)
    let primitives = try (0..<parts).map { part in
      var descriptor = dnnl_matmul_desc_t()
      try unsafe check(
        dnnl_matmul_desc_init(
          &descriptor, &source.value, &wanted.value, &(part == 0 ? bias : noBias).value, &target.value),
        "a linear layer cannot be described")
      let primitive = try unsafe Primitive(
        &descriptor,
        try Attributes(part == parts - 1 ? activation : .none, accumulates: accumulates || part > 0), dnnl)
      // All parts lie alike.
      if part == 0 { wanted = try primitive.weightsLayout() }
      return primitive
    }
    return Product(primitives: primitives, source: source, bias: bias, target: target, partWidth: width)
  }
}

extension Product {
  /// The weights that it wants, which `fill` writes as PyTorch has them, [outputs, inputs].
  func request(
    _ count: Int, inputs: Int, outputs: Int, _ fill: @escaping WeightRequest.Fill
  ) throws -> WeightRequest {
    // The product wants [inputs, outputs], which is the same memory read down its columns.
    unsafe WeightRequest(
      packed: try weightsLayout(), partCount: primitives.count, weightCount: count, biasCount: outputs,
      packing: .reorder(
        from: try Layout([partWidth, outputs], strides: [1, inputs]), offset: partWidth, fill))
  }
}
