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
    _ image: FeatureMap, _ outputs: [Int], watch: ((LayerOutput) throws -> Void)? = nil
  ) throws -> [FeatureMap] {
    guard let watch else { return try engine.run(image, outputs: outputs, observe: nil) }
    return try engine.run(image, outputs: outputs) { node, shape, values, seconds in
      try watch(
        LayerOutput(name: graph.nodes[node].name, seconds: seconds, shape: shape, values: values))
    }
  }
}
