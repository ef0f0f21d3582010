/// Runs a graph with plain loops that sum in double precision: the oracle of the fast engine.
///
/// Nothing is folded or fused: every layer computes what the module of its name computes in PyTorch, and rounds to
/// float32 when it is done.
struct ReferenceNetwork: NetworkEngine {
  private let graph: Graph

  init(_ graph: Graph) { self.graph = graph }

  func prepare(_ image: MapShape, outputs: [Int]) throws {
    _ = try graph.shapes(for: image, needed: graph.needed(for: outputs))
  }

  /// Shows all maps at once.
  private func show<Result>(
    _ maps: ArraySlice<FeatureMap>, _ views: [MapView], _ use: ([MapView]) throws -> Result
  ) throws -> Result {
    guard let first = maps.first else { return try use(views) }
    return try first.show { try show(maps.dropFirst(), views + [$0], use) }
  }

  /// Nothing is kept.
  func release() {}

  func run<Result>(
    _ image: FeatureMap, outputs: [Int], observe: LayerObserver?, _ use: ([MapView]) throws -> Result
  ) throws -> Result {
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
      let result = try node.operation.compute(node.inputs.compactMap { values[$0] }, shape)
      let seconds = now - start
      try result.show { try observe?(LayerOutput(name: node.name, seconds: seconds, view: $0)) }
      values[index + 1] = result
      for input in node.inputs where lastUse[input] == index { values[input] = nil }
    }
    return try show(outputs.compactMap { values[$0] }[...], [], use)
  }
}
