internal import CSutureOneDNN

extension CompilerContext {
  /// How many bytes of the hidden layer are computed at a time: they stay in the caches between the two
  /// products, and a large image needs no more memory than a small one.
  static let hiddenByteCount = 3 << 20

  /// Norm, product with GELU, product added to the residual, a tile of pixels at a time.
  ///
  /// The norm's weight and bias are folded into the first product, the layer scale into the second; what is left of the
  /// norm needs no weights.
  func feedForward(_ layer: FeedForward, _ x: MapShape) throws -> CompiledLayer {
    let (width, hidden) = (layer.first.inputs, layer.first.outputs)
    let isHalf = precision == .bfloat16
    let type = isHalf ? dnnl_bf16 : dnnl_f32
    let tileCount = max(1, (x.rows * hidden * 4 + Self.hiddenByteCount / 2) / Self.hiddenByteCount)
    let tileRows = (x.rows + tileCount - 1) / tileCount
    let main = try tile(layer, rows: tileRows, type, weights: nil)
    let packed = (try main.first.weightsLayout(), try main.second.weightsLayout())
    let rest = x.rows % tileRows
    let last = rest == 0 ? main : try tile(layer, rows: rest, type, weights: packed)

    let normalBytes = Region.aligned(tileRows * width * 4)
    let roundedBytes = isHalf ? Region.aligned(tileRows * width * 2) : 0
    let hiddenBytes = Region.aligned(tileRows * hidden * (isHalf ? 2 : 4))
    let scratchpad = max(main.scratchpadByteCount, last.scratchpadByteCount)

    let requests = [
      try main.first.request(layer.first.weight.count, inputs: width, outputs: hidden) { weights, bias in
        try layer.readFirst(weights, bias)
      },
      try main.second.request(layer.second.weight.count, inputs: hidden, outputs: width) { weights, bias in
        try layer.readSecond(weights, bias)
      },
    ]
    return CompiledLayer(
      weights: requests, scratchByteCount: normalBytes + roundedBytes + hiddenBytes + scratchpad,
      replacedInput: 1
    ) { buffers in
      let dnnl = dnnl
      let normal = buffers.scratch
      let rounded = isHalf ? normal + normalBytes : normal
      let middle = normal + normalBytes + roundedBytes
      let pad = middle + hiddenBytes
      var work: [CompiledLayer.Work] = []
      for start in stride(from: 0, to: x.rows, by: tileRows) {
        let tile = x.rows - start >= tileRows ? main : last
        let from = buffers.inputs[0] + start * width * 4
        let norm = try tile.norm.bound(
          to: [(DNNL_ARG_SRC, tile.normLayout, from), (DNNL_ARG_DST, tile.normLayout, normal)],
          scratchpad: pad,
          dnnl)
        let rounding = try tile.rounding?.bound(
          to: [(DNNL_ARG_FROM, tile.normLayout, normal), (DNNL_ARG_TO, tile.roundedLayout, rounded)],
          scratchpad: pad, dnnl)
        let first = try tile.first.bound(rounded, buffers.weights[0], middle, scratchpad: pad, dnnl)
        let second = try tile.second.bound(
          middle, buffers.weights[1], buffers.output + start * width * 4, scratchpad: pad, dnnl)
        work.append {
          try norm(dnnl)
          try rounding?(dnnl)
          for part in first { try part(dnnl) }
          for part in second { try part(dnnl) }
        }
      }
      return work
    }
  }

  /// The primitives for one number of pixels.
  private struct Tile {
    let norm: Primitive
    let normLayout: Layout
    let rounding: Primitive?
    let roundedLayout: Layout
    let first: Product
    let second: Product

    var scratchpadByteCount: Int {
      max(
        norm.scratchpadByteCount, rounding?.scratchpadByteCount ?? 0, first.scratchpadByteCount,
        second.scratchpadByteCount)
    }
  }

  private func tile(
    _ layer: FeedForward, rows: Int, _ type: dnnl_data_type_t, weights: (Layout, Layout)?
  ) throws -> Tile {
    let (norm, layout) = try normalization(layer.norm, rows: rows, isAffine: false)
    let first = try product(
      rows: rows, inputs: layer.first.inputs, outputs: layer.first.outputs, (type, type), .gelu,
      weights: weights?.0)
    let second = try product(
      rows: rows, inputs: layer.second.inputs, outputs: layer.second.outputs, (type, dnnl_f32),
      accumulates: true, weights: weights?.1)
    let rounded = try Layout([rows, layer.first.inputs], dnnl_ab, type)
    return Tile(
      norm: norm, normLayout: layout, rounding: type == dnnl_f32 ? nil : try reorder(layout, rounded),
      roundedLayout: rounded, first: first, second: second)
  }
}

extension FeedForward {
  /// W · diag(norm.weight), and bias + W · norm.bias.
  func readFirst(
    _ weights: UnsafeMutableBufferPointer<Float>, _ bias: UnsafeMutableBufferPointer<Float>
  ) throws {
    try first.weight.read(into: weights)
    try first.bias.read(into: bias)
    let (scale, shift) = (try norm.weight.values(), try norm.bias.values())
    let width = first.inputs
    scale.withUnsafeBufferPointer { scale in
      shift.withUnsafeBufferPointer { shift in
        for output in 0..<first.outputs {
          let row = UnsafeMutableBufferPointer(rebasing: weights[(output * width)..<((output + 1) * width)])
          var sum = Double(bias[output])
          for input in 0..<width {
            sum += Double(row[input]) * Double(shift[input])
            row[input] *= scale[input]
          }
          bias[output] = Float(sum)
        }
      }
    }
  }

  /// diag(scale) · W, and scale · bias.
  func readSecond(
    _ weights: UnsafeMutableBufferPointer<Float>, _ bias: UnsafeMutableBufferPointer<Float>
  ) throws {
    try second.weight.read(into: weights)
    try second.bias.read(into: bias)
    guard let scale = try scale?.values() else { return }
    let width = second.inputs
    for output in 0..<second.outputs {
      let row = UnsafeMutableBufferPointer(rebasing: weights[(output * width)..<((output + 1) * width)])
      for input in 0..<width { row[input] *= scale[output] }
      bias[output] *= scale[output]
    }
  }
}
