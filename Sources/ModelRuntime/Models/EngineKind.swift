internal import SutureArchitectures

/// Which engine to use.
public enum EngineKind: String, Sendable, CaseIterable {
  /// oneDNN, and kernels of ours for the layers of ConvNeXt on processors with 512-bit vectors.
  case fast
  /// oneDNN alone, PyTorch's own engine on a CPU.
  case oneDNN = "onednn"
  /// Plain loops, to check the other.
  case reference

  func make(_ graph: Graph, _ precision: Precision) throws -> any NetworkEngine {
    switch self {
    case .fast: return try OneDNNNetwork(graph, precision, usesKernels: true)
    case .oneDNN: return try OneDNNNetwork(graph, precision, usesKernels: false)
    case .reference:
      guard precision == .float32 else {
        throw ModelError.notSupported(
          "the reference engine computes in double precision; bfloat16 needs another")
      }
      return ReferenceNetwork(graph)
    }
  }
}
