/// A graph with the engine that runs it.
struct Network: Sendable {
  let graph: Graph
  private let engine: any NetworkEngine

  init(_ graph: Graph, _ kind: EngineKind, _ precision: Precision) throws {
    self.graph = graph
    engine = try kind.make(graph, precision)
  }

  func prepare(_ image: MapShape, _ outputs: [Int]) throws { try engine.prepare(image, outputs: outputs) }

  func release() { engine.release() }

  func run(
    _ image: FeatureMap, _ outputs: [Int], observe: ((LayerOutput) throws -> Void)? = nil
  ) throws -> [FeatureMap] {
    guard let observe else { return try unsafe engine.run(image, outputs: outputs, observe: nil) }
    return try unsafe engine.run(image, outputs: outputs) { node, shape, values, seconds in
      try unsafe observe(
        LayerOutput(name: graph.nodes[node].name, seconds: seconds, shape: shape, values: values))
    }
  }

  /// The layer scales that a forward pass reads, in its order.
  func layerScales() throws -> [LayerScaleSummary] {
    try graph.nodes.compactMap { node in
      try (node.operation as? FeedForward)?.scale.map { try LayerScaleSummary($0) }
    }
  }
}
