internal import SutureBytes
internal import SutureTensors
internal import SutureText

/// The weights by name: buffers, what does not train, what does, and what is another's under a second name.
struct ZeroWeights {
  private let models: ZeroModels
  private let module: [Leaf]
  private var model: ZeroModelStates { models.first }
  private(set) var warnings: [String] = []
  /// What was made so far, in its order.
  private var made: [(name: String, tensor: Tensor)] = []
  private var places: [ExactString: Int] = [:]

  /// - Parameter module: what stands in the model of the first file.
  init(_ models: ZeroModels, module: [Leaf]) { (self.models, self.module) = (models, module) }

  /// A tensor of each name.
  ///
  /// - Parameter trained: the parameters that train, in their order.
  mutating func leaves(trained: [(name: String, tensor: Tensor)]) throws -> [Leaf] {
    try addBuffers()
    for parameter in model.frozen { try add(parameter.name, try frozen(parameter)) }
    for entry in trained { try add(entry.name, entry.tensor) }
    for (name, holder) in model.shared where places[ExactString(name)] == nil {
      guard let place = places[ExactString(holder)] else {
        throw Failure(
          in: models.files.path(model.file),
          "\(name.shownName) is said to be the same as \(holder.shownName), which is in no file",
          remedies: ["the file is damaged, or of another run"])
      }
      try add(name, made[place].tensor)
    }
    try addModuleOnly()
    return made.map { Leaf([$0.name], $0.tensor) }
  }

  private mutating func add(_ name: String, _ tensor: Tensor) throws {
    guard places.updateValue(made.count, forKey: ExactString(name)) == nil else {
      throw Failure(
        in: models.files.path(model.file), "it names \(name.shownName) twice",
        remedies: ["the file is damaged, or made to mislead"])
    }
    made.append((name, tensor))
  }

  // MARK: What lies in the model states

  /// Buffers, the floating ones in float32 as DeepSpeed gives them.
  private mutating func addBuffers() throws {
    var found: [ExactString: Tensor] = [:]
    for leaf in module { found[ExactString(leaf.path)] = leaf.tensor }
    var buffers = StateDict()
    for name in model.bufferNames {
      if let tensor = found[ExactString(name)] { try buffers.append(name, tensor) }
    }
    let cast = try buffers.cast(to: .float32) { _ in false }
    let narrowed = cast.names.filter { buffers[$0]?.dtype == .float64 }
    if !narrowed.isEmpty {
      warnings.append(
        "made float32, as DeepSpeed's own program does: \(narrowed.map(\.shownName).summary), which the key module has as float64"
      )
    }
    for entry in cast.stateDict { try add(entry.name, entry.tensor) }
  }

  /// A parameter that does not train: whole at stages 1 and 2, a piece in the file of each rank at stage 3.
  private func frozen(_ parameter: ZeroParameter) throws -> Tensor {
    let pieces = try models.all.map { model -> (Tensor, String) in
      guard let tensor = model.fragment(parameter.name) else {
        throw Failure(
          in: models.files.path(model.file),
          "it has no piece of \(parameter.name.shownName), which does not train",
          remedies: ["the files are of different runs, or one is damaged"])
      }
      return (tensor, model.file)
    }
    if !models.isOfStage3 {
      let (tensor, file) = pieces[0]
      guard tensor.shape == parameter.shape else {
        throw Failure(
          in: models.files.path(file),
          "\(parameter.name.shownName) should be \(parameter.shape), and is \(tensor.shape)",
          remedies: ["the file is damaged"])
      }
      return tensor
    }
    let piece = ZeroModels.piece(parameter.count, models.world)
    var vectors: [FlatVector] = []
    for (tensor, file) in pieces {
      var vector = FlatVector()
      try vector.append(tensor, from: file)
      guard vector.count == piece else {
        throw Failure(
          in: models.files.path(file),
          "its piece of \(parameter.name.shownName) \(parameter.shape) has \(vector.count) elements, and should have \(piece)",
          remedies: ["the files are of different runs or worlds"])
      }
      vectors.append(vector)
    }
    return try models.spread(parameter, vectors, at: 0)
  }

  /// What stands in the model alone: parameters that do not train at stage 1, which has no other place for them.
  private mutating func addModuleOnly() throws {
    var sharing: [ViewIdentity: String] = [:]
    for leaf in module where places[ExactString(leaf.path)] != nil {
      if let tensor = leaf.tensor, tensor.elementCount > 0 { sharing[ViewIdentity(tensor)] = leaf.path }
    }
    var (only, empty) = ([String](), [String]())
    for leaf in module where places[ExactString(leaf.path)] == nil {
      if let refusal = leaf.refusal { throw refusal }
      guard let tensor = leaf.tensor else { continue }
      if tensor.elementCount == 0, models.isOfStage3 {
        empty.append(leaf.path)
      } else if let holder = sharing[ViewIdentity(tensor)], let place = places[ExactString(holder)] {
        try add(leaf.path, made[place].tensor)
      } else {
        only.append(leaf.path)
        try add(leaf.path, tensor)
      }
    }
    if !only.isEmpty {
      warnings.append(
        "in the model alone, and so in its dtype: \(only.map(\.shownName).summary), which did not train; "
          + "zero_to_fp32 leaves \(only.count == 1 ? "it" : "them") out")
    }
    if !empty.isEmpty {
      warnings.append(
        "left out: \(empty.map(\.shownName).summary), of which no file has values; it may be another parameter under a second name"
      )
    }
  }
}
