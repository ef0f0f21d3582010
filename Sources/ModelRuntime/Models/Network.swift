internal import SutureArchitectures

/// A graph with the engine that runs it.
struct Network: Sendable {
  let graph: Graph
  let engine: any NetworkEngine

  init(_ graph: Graph, _ kind: EngineKind, _ precision: Precision) throws {
    self.graph = graph
    engine = try kind.make(graph, precision)
  }

  func run(_ image: FeatureMap, _ outputs: [Int], observe: LayerObserver? = nil) throws -> [FeatureMap] {
    try engine.maps(of: image, outputs: outputs, observe: observe)
  }

  /// The layer scales that a forward pass reads, in its order.
  func layerScales() throws -> [LayerScaleSummary] {
    try graph.nodes.compactMap { node in
      let scale = (node.operation as? FeedForward)?.scale ?? (node.operation as? Add)?.scale
      return try scale.map { try LayerScaleSummary($0) }
    }
  }
}

/// Which engine to use.
public enum EngineKind: String, Sendable, CaseIterable {
  /// Kernels of ours for the vectors of this processor, and oneDNN for what they do not compute.
  case fast
  /// oneDNN alone, PyTorch's own engine on a CPU.
  case oneDNN = "onednn"
  /// Plain loops, to check the other.
  case reference

  func make(_ graph: Graph, _ precision: Precision) throws -> any NetworkEngine {
    switch self {
    case .fast: return try OneDNNNetwork(graph, precision.native().precision, InstructionSet.chosen())
    case .oneDNN: return try OneDNNNetwork(graph, precision.native().precision, nil)
    case .reference:
      guard precision == .float32 else {
        throw ModelError.notSupported(
          "the reference engine computes in double precision; bfloat16 needs another")
      }
      return ReferenceNetwork(graph)
    }
  }
}
