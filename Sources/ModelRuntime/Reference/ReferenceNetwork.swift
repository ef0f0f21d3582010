/// Runs a graph with plain loops that sum in double precision: the oracle of the fast engine.
///
/// Nothing is folded or fused: every layer computes what the module of its name computes in PyTorch, and rounds to
/// float32 when it is done.
struct ReferenceNetwork: NetworkEngine {
  let graph: Graph

  init(_ graph: Graph) { self.graph = graph }

  func prepare(_ image: MapShape, outputs: [Int]) throws {
    _ = try graph.shapes(for: image, needed: graph.needed(for: outputs))
  }

  /// Nothing is kept.
  func release() {}

  func run(_ image: FeatureMap, outputs: [Int], observe: LayerObserver?) throws -> [FeatureMap] {
    let needed = graph.needed(for: outputs)
    let shapes = try graph.shapes(for: image.mapShape, needed: needed)
    var lastUse = [Int](repeating: 0, count: graph.nodes.count + 1)
    for index in needed { for input in graph.nodes[index].inputs { lastUse[input] = index } }
    for output in outputs { lastUse[output] = .max }

    var values = [FeatureMap?](repeating: nil, count: graph.nodes.count + 1)
    values[0] = image
    for index in needed {
      guard let shape = shapes[index + 1] else { continue }
      let node = graph.nodes[index]
      let start = now
      let result = try compute(node.operation, node.inputs.compactMap { values[$0] }, shape)
      let seconds = now - start
      try result.values.withUnsafeBufferPointer { try observe?(index, shape, $0, seconds) }
      values[index + 1] = result
      for input in node.inputs where lastUse[input] == index { values[input] = nil }
    }
    return outputs.compactMap { values[$0] }
  }

  private func compute(_ operation: Operation, _ x: [FeatureMap], _ shape: MapShape) throws -> FeatureMap {
    switch operation {
    case .convolution(let layer):
      let input = try layer.norm.map { try ReferenceLayers.normalize(x[0], $0) } ?? x[0]
      return try ReferenceLayers.convolve(input, layer, shape)
    case .layerNorm(let layer): return try ReferenceLayers.normalize(x[0], layer)
    case .linear(let layer): return try ReferenceLayers.apply(layer, to: x[0], shape)
    case .feedForward(let layer): return try ReferenceLayers.feedForward(layer, x[0], residual: x[1])
    case .mean: return ReferenceLayers.mean(x[0], shape)
    case .add:
      return FeatureMap(shape, zip(x[0].values, x[1].values).map { Float(Double($0) + Double($1)) })
    case .concat: return ReferenceLayers.concat(x, shape)
    case .upsample(let factor): return ReferenceLayers.upsample(x[0], factor, shape)
    }
  }
}
