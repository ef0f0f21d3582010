/// What computes the layers.
protocol ComputeEngine: Sendable {
  func convolve(_ x: FeatureMap, _ layer: Conv2d) throws -> FeatureMap
  /// With `gelu`, the exact form with erf follows.
  func apply(_ layer: Linear, to x: FeatureMap, gelu: Bool) throws -> FeatureMap
  func normalize(_ x: FeatureMap, _ layer: LayerNorm) throws -> FeatureMap
}

/// Which engine to use.
public enum EngineKind: String, Sendable, CaseIterable {
  /// oneDNN, PyTorch's own engine on a CPU.
  case oneDNN = "onednn"
  /// Plain loops, to check the other.
  case reference

  func make() throws -> any ComputeEngine {
    switch self {
    case .oneDNN: try OneDNNEngine()
    case .reference: ReferenceEngine()
    }
  }
}
