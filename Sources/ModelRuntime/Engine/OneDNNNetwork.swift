internal import SutureBytes

/// Runs a graph on oneDNN 2.6 and on kernels of ours, activations in N×H×W×C throughout.
///
/// An N×C×H×W source would fall to oneDNN's reference convolution, a hundred times slower. Primitives are made once for
/// each shape of image, weights packed once, when a layer that reads them first runs.
final class OneDNNNetwork: NetworkEngine, @unchecked Sendable {
  private struct Key: Hashable {
    let image: MapShape
    let outputs: [Int]
  }

  private let graph: Graph
  private let context: CompilerContext
  /// Guards all below: oneDNN's threads serve one network at a time.
  private let lock = Guarded<Void>(())
  private var compiled: [Key: CompiledNetwork] = [:]
  private var packed: [Int: [PackedWeights]] = [:]

  /// How many shapes are kept ready; each holds its activations.
  private static let maximumShapes = 4

  /// - Parameter instructions: what kernels of ours are made of, which compute what they can; `nil` for oneDNN alone.
  init(_ graph: Graph, _ precision: Precision, _ instructions: InstructionSet?) throws {
    self.graph = graph
    context = CompilerContext(
      dnnl: try OneDNN(), precision: precision,
      instructions: instructions?.isAvailable(for: precision) == true ? instructions : nil)
  }

  func prepare(_ image: MapShape, outputs: [Int]) throws {
    try lock.withLock { _ in _ = try network(image, outputs) }
  }

  func run<Result>(
    _ image: FeatureMap, outputs: [Int], observe: LayerObserver?, _ use: ([MapView]) throws -> Result
  ) throws -> Result {
    try lock.withLock { _ in try network(image.mapShape, outputs).run(image, observe: observe, use) }
  }

  func release() {
    lock.withLock { _ in
      compiled.removeAll()
      packed.removeAll()
    }
  }

  private func network(_ image: MapShape, _ outputs: [Int]) throws -> CompiledNetwork {
    let key = Key(image: image, outputs: outputs)
    if let known = compiled[key] { return known }
    let new = try CompiledNetwork(graph, context, image, outputs: outputs, weights: weights)
    if compiled.count >= Self.maximumShapes { compiled.removeAll() }
    compiled[key] = new
    return new
  }

  /// Packs what is not packed in the wanted layout yet.
  private func weights(_ wanted: [(node: Int, requests: [WeightRequest])]) throws -> [[PackedWeights]] {
    let missing = wanted.flatMap { node, requests in
      requests.filter { request in find(request, node) == nil }.map { (node, $0) }
    }
    let new = try WeightPacker.pack(missing.map(\.1), context)
    for ((node, _), weights) in zip(missing, new) { packed[node, default: []].append(weights) }
    return wanted.map { node, requests in requests.compactMap { find($0, node) } }
  }

  private func find(_ request: WeightRequest, _ node: Int) -> PackedWeights? {
    packed[node]?.first { $0.layout.isEqual(request.packed) }
  }
}
