internal import SutureArchitectures
internal import SutureTensors
internal import SutureText

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
  /// Whose modules they are.
  let dialect: ModelDialect
  /// What the model file says that convolutions end in; `nil` where it says nothing.
  let fileActivation: ModuleActivation?
  /// What nobody says, in the order in which it was first needed.
  private(set) var assumptions: [Assumption] = []

  init(
    _ dict: StateDict, _ settings: NetworkSettings = NetworkSettings(), dialect: ModelDialect = .yolov5,
    fileActivation: ModuleActivation? = nil
  ) {
    (self.dict, self.settings, self.dialect, self.fileActivation) = (dict, settings, dialect, fileActivation)
  }

  /// The eps of a norm: as someone says it, or as it usually is.
  mutating func epsilon(of name: String, _ norm: NetworkSettings.Norm, usually: Double) -> Double {
    if let told = settings.epsilon(of: name, norm) { return told }
    let because =
      switch norm {
      case .batch: "\(dialect.program) sets it when it builds a model"
      case .layer:
        usually == ConvNeXtConfiguration.epsilon
          ? "ConvNeXt's authors have it, and the libraries" : "transformers has it for the last norm"
      }
    assume("\(norm.rawValue).eps", "\(usually)", because)
    return usually
  }

  /// What the block of a ConvNeXt of that name is activated with.
  ///
  /// - Throws: ``ModelError/notSupported(_:)`` where its module is one that is not computed.
  mutating func blockActivation(of name: String) throws -> Activation {
    // As facebookresearch, timm, torchvision and transformers' DINOv3 call the module.
    try blockActivation(ofModules: ["act", "mlp.act", "block.4", "activation_fn"].map { "\(name).\($0)" })
  }

  mutating func blockActivation(ofModules modules: [String]) throws -> Activation {
    if let asked = settings.activation { return asked }
    for module in modules {
      if let told = settings.told.activations[ExactString(module)] { return try Self.computed(told, module) }
    }
    assume("activation", "\(Activation.gelu)", "ConvNeXt's authors have it, and the libraries")
    return .gelu
  }

  /// Whether the norm of that name, which has no bias, is timm's SimpleNorm.
  mutating func simpleNorm(_ name: String, usually: Bool) -> Bool {
    if let told = settings.usesSimpleNorms ?? settings.told.simpleNorms[ExactString(name)] { return told }
    assume(
      "norm", usually ? "SimpleNorm" : "RmsNorm",
      usually ? "timm has it in networks of zepto's size" : "timm has it where a norm has no bias")
    return usually
  }

  /// What the convolution of a YOLO of that name ends in.
  ///
  /// - Throws: ``ModelError/notSupported(_:)`` where its module or the model file says one that is not computed.
  mutating func convolutionActivation(of name: String) throws -> Activation {
    if let asked = settings.convolutionActivation { return asked }
    let module = name + ".act"
    if let told = settings.told.activations[ExactString(module)] { return try Self.computed(told, module) }
    if let said = fileActivation { return try Self.computed(said, "the model file's activation") }
    assume(
      "conv.activation", "\(Activation.silu)",
      "\(dialect == .yolov5 ? "YOLOv5 has it since 4.0" : "Ultralytics has it"), where a model file says no other"
    )
    return .silu
  }

  func moduleActivation(_ name: String, usually: Activation) throws -> Activation {
    try settings.told.activations[ExactString(name)].map { try Self.computed($0, name) } ?? usually
  }

  private static func computed(_ module: ModuleActivation, _ place: String) throws -> Activation {
    if let activation = module.activation { return activation }
    throw ModelError.notSupported(
      "\(place) is \(module.className.quoted()), which is not computed; names and shapes can be checked")
  }

  private mutating func assume(_ what: String, _ value: String, _ because: String) {
    let assumption = Assumption(what, value, because: "no state dict holds it; \(because)")
    if !assumptions.contains(assumption) { assumptions.append(assumption) }
  }
}

// Each operation's file has the function that adds it.
extension GraphBuilder: NetworkBuilding {}
