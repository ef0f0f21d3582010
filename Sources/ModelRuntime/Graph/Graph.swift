internal import SutureArchitectures
internal import SutureTensors

/// A network: nodes in the order in which they run.
///
/// Value 0 is the image, value i what node i − 1 gives.
struct Graph: Sendable {
  struct Node: Sendable {
    /// The layer's place in the state dict, for errors and reports.
    let name: String
    let operation: any Operation
    /// The values that it reads, all of smaller number than its own.
    let inputs: [Int]
  }

  private(set) var nodes: [Node] = []

  /// Adds a node and gives the number of its value.
  mutating func add(_ name: String, _ operation: some Operation, _ inputs: [Int]) -> Int {
    nodes.append(Node(name: name, operation: operation, inputs: inputs))
    return nodes.count
  }

  /// The nodes that `outputs` need, in order.
  func needed(for outputs: [Int]) -> [Int] {
    var wanted = Set(outputs)
    for value in stride(from: nodes.count, to: 0, by: -1) where wanted.contains(value) {
      wanted.formUnion(nodes[value - 1].inputs)
    }
    return nodes.indices.filter { wanted.contains($0 + 1) }
  }

  /// The shape of each value for an image of shape `input`; of the nodes in `needed` only.
  ///
  /// - Throws: ``ModelError`` naming the layer that does not fit.
  func shapes(for input: MapShape, needed: [Int]) throws -> [MapShape?] {
    try input.check("an image")
    var shapes = [MapShape?](repeating: nil, count: nodes.count + 1)
    shapes[0] = input
    for index in needed {
      let node = nodes[index]
      do {
        let shape = try node.operation.output(for: node.inputs.compactMap { shapes[$0] })
        try shape.check("a map")
        shapes[index + 1] = shape
      } catch ModelError.wrongInput(let reason) {
        throw ModelError.wrongInput("layer \(node.name): \(reason)")
      } catch ModelError.tooLarge(let reason) {
        throw ModelError.tooLarge("layer \(node.name): \(reason)")
      }
    }
    return shapes
  }

  /// The nodes that `outputs` need, with the multiply-accumulates of each for an image of shape `image`.
  func costs(_ image: MapShape, _ outputs: [Int]) throws -> [(layer: String, multiplyAccumulates: Int)] {
    let needed = needed(for: outputs)
    let shapes = try shapes(for: image, needed: needed)
    return needed.map { index in
      let node = nodes[index]
      return (node.name, shapes[index + 1].map { node.operation.multiplyAccumulates(for: $0) } ?? 0)
    }
  }

  /// The names of the tensors that a forward pass reads.
  var readNames: [String] { nodes.flatMap { $0.operation.parameters.map(\.name) } }
}

/// Makes a graph of the layers that modules ask for and of the tensors of a state dict.
///
/// Names and shapes are looked at; weights are read when a layer first runs.
struct GraphBuilder {
  let dict: StateDict
  var graph = Graph()
  /// What the state dict does not say.
  let settings: NetworkSettings
  let convolutionActivation: Activation
  /// What nobody says, in the order in which it was first needed.
  private(set) var assumptions: [Assumption] = []

  init(
    _ dict: StateDict, _ settings: NetworkSettings = NetworkSettings(),
    convolutionActivation: Activation = .silu
  ) {
    (self.dict, self.settings, self.convolutionActivation) = (dict, settings, convolutionActivation)
  }

  /// The eps of a norm: as someone says it, or as it usually is.
  mutating func epsilon(of name: String, _ norm: NetworkSettings.Norm, usually: Double) -> Double {
    if let told = settings.epsilon(of: name, norm) { return told }
    assume(Assumption(norm == .layer ? "layer_norm.eps" : "batch_norm.eps", "\(usually)"))
    return usually
  }

  /// What the blocks of a ConvNeXt are activated with.
  mutating func blockActivation() -> Activation {
    if let told = settings.blockActivation { return told }
    assume(Assumption("activation", "\(Activation.gelu)"))
    return .gelu
  }

  private mutating func assume(_ assumption: Assumption) {
    if !assumptions.contains(assumption) { assumptions.append(assumption) }
  }
}

// Each operation's file has the function that adds it.
extension GraphBuilder: NetworkBuilding {}
