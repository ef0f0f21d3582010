internal import SutureArchitectures

/// What runs a graph.
protocol NetworkEngine: Sendable {
  /// Runs the nodes that `outputs` need and gives those values.
  ///
  /// - Parameter observe: is shown each layer's output when it has been computed.
  func run(_ image: FeatureMap, outputs: [Int], observe: LayerObserver?) throws -> [FeatureMap]

  /// Makes everything ready for images of this shape, so that the next run only computes.
  func prepare(_ image: MapShape, outputs: [Int]) throws

  /// Lets go of all that was made ready; the next run makes it anew.
  func release()
}

/// Is shown a node's number, its output's shape and values, and for how many seconds it ran.
typealias LayerObserver = (
  _ node: Int, _ shape: MapShape, _ values: UnsafeBufferPointer<Float>, _ seconds: Double
) throws -> Void

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

/// What the products of convolutions and linear layers are computed in; sums are float32 always.
public enum Precision: String, Sendable, CaseIterable {
  case float32
  /// Inputs and weights rounded to 8 bits of mantissa: faster, and some 1 % off. The residual stream, depthwise
  /// convolutions and norms stay float32.
  case bfloat16
}
