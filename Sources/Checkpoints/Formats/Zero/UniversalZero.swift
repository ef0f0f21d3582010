internal import SutureBytes
internal import SutureTensors
internal import SutureText

/// The form of a step that does not depend on how many ranks there were, as `ds_to_universal` writes it.
///
///     <folder>/zero/NAME/fp32.pt       {"param": tensor, …}; of stage 3 the tensor, flat
///     <folder>/zero/NAME/exp_avg.pt    and others: what the optimizer keeps, in the same form
///     <folder>/zero/optimizer_state.pt what else it keeps
///     <folder>/*_model_states.pt       as the ranks saved them
struct UniversalZero {
  private let models: ZeroModels
  private let slices: Int
  private let parameters: [String]

  private var input: CheckpointInput { models.input }
  private var files: FolderFiles { models.files }

  init(_ input: CheckpointInput, _ names: ZeroFileNames) throws {
    if !names(.expert).isEmpty { throw ZeroExperts.refusal(input, names) }
    let states = names(.model).filter { $0.slice == 0 }
    guard let first = states.first else {
      throw Failure(
        in: input.name, "there is no *_model_states.pt, which has the names and the shapes of the parameters",
        remedies: ["fetch all files of the step, from the same place"])
    }
    slices = names.slices
    models = try ZeroModels(
      input, FolderFiles(input.name), states.filter { ($0.rank == nil) == (first.rank == nil) }, world: nil,
      says: "the files are of several ranks")
    if slices > 1, let frozen = models.first.frozen.first {
      throw Failure(
        in: input.name,
        "\(frozen.name.shownName) does not train, and is cut among \(slices) tensor-parallel ranks: nothing in the files says "
          + "along which axis",
        remedies: [input.opening(names(.model).filter { $0.rank == nil }.map(\.name))])
    }
    parameters = try fileNames(in: "\(input.name)/zero").filter { isFolder("\(input.name)/zero/\($0)") }
  }

  // MARK: Parameters

  private func part(_ name: String, _ file: String) throws -> PickledPart {
    try .open(
      files.open("zero/\(name)/\(file)", named: "\(input.name)/zero", needed: "\(file) of \(name)"),
      input.limits)
  }

  /// What a file holds of a parameter.
  ///
  /// - Parameter shape: that of the parameter, where it is known; a flat tensor is given it.
  private func tensor(_ name: String, _ file: String, _ shape: [Int]?) throws -> Tensor? {
    let part = try part(name, file)
    let id = part.graph.item("param", of: part.root) ?? part.root
    guard part.object.tensors.isTensor(id) else { return nil }
    let tensor = try part.tensor(id)
    guard let shape, tensor.shape != shape, tensor.shape.count == 1 else { return tensor }
    guard (try? Shape.elementCount(shape)) == tensor.elementCount else {
      throw Failure(
        in: files.path("zero/\(name)/\(file)"),
        "it has \(tensor.elementCount) elements, and \(name.shownName) is \(shape) by \(models.first.file)",
        remedies: ["the files are of different runs, or one is damaged"])
    }
    return try tensor.reshaped(shape)
  }

  /// The parameters that train, in the order of the model where it tells one.
  ///
  /// - Parameter module: what the model has; whatever of it is no such parameter lies in `zero/` as a float32 copy.
  private func trained(_ module: [Leaf]) throws -> [(name: String, tensor: Tensor)] {
    let there = Set(parameters.map(ExactString.init))
    let known = try models.groups().flatMap(\.self)
    if let missing = known.first(where: { !there.contains(ExactString($0.name)) }) {
      throw Failure(
        in: "\(input.name)/zero", "\(missing.name.shownName) is missing, which \(models.first.file) tells of",
        remedies: ["fetch the whole folder, from the same place"])
    }
    let said = Set((known.map(\.name) + models.first.bufferNames + module.map(\.path)).map(ExactString.init))
    var found: [(name: String, tensor: Tensor)] = []
    func add(_ name: String, _ shape: [Int]?) throws {
      guard let tensor = try tensor(name, "fp32.pt", shape) else {
        throw Failure(
          in: files.path("zero/\(name)/fp32.pt"), "there is no tensor in it",
          remedies: ["the file is damaged, or not as ds_to_universal writes it"])
      }
      // A part of what is cut among ranks says nothing about the whole.
      if let shape, slices == 1, tensor.shape != shape {
        throw Failure(
          in: files.path("zero/\(name)/fp32.pt"),
          "it is \(tensor.shape), and \(shape) by \(models.first.file)",
          remedies: ["the files are of different runs"])
      }
      found.append((name, tensor))
    }
    for parameter in known { try add(parameter.name, slices == 1 ? parameter.shape : nil) }
    for name in parameters where !said.contains(ExactString(name)) { try add(name, nil) }
    return found
  }

  /// What the optimizer keeps.
  private func optimizer() throws -> [Leaf] {
    var shapes: [ExactString: [Int]] = [:]
    if slices == 1 { for known in models.first.parameters { shapes[ExactString(known.name)] = known.shape } }
    var leaves: [Leaf] = []
    for name in parameters {
      for file in try states(of: name) {
        let shape = file == "step.pt" ? nil : shapes[ExactString(name)]
        guard let tensor = try tensor(name, file, shape) else { continue }
        leaves.append(Leaf(["optim", "state", name, String(file.dropLast(".pt".count))], tensor))
      }
    }
    return leaves
  }

  private func states(of name: String) throws -> [String] {
    try fileNames(in: "\(input.name)/zero/\(name)").filter { $0.hasSuffix(".pt") && $0 != "fp32.pt" }
  }

  // MARK: The whole

  func checkpoint() throws -> Checkpoint {
    let (module, others) = try models.first.leaves()
    let own = slices == 1 ? module : []
    var weights = ZeroWeights(models, module: own)
    let found = try weights.leaves(trained: trained(own))
    let key = input.key
    let modelLeaves = models.isOfStage3 || slices > 1 ? [] : module.map { $0.moved(under: ["module"]) }
    let optimizer = key == nil ? [] : try optimizer()
    let choice = try WrapperChoice(
      key == nil ? found + others.map(\.asValue) : found + modelLeaves + optimizer + others, key: key ?? ".",
      modules: [], path: input.name)
    var checkpoint = Checkpoint(
      input, .zeroUniversal, choice, warnings: models.all.flatMap(\.warnings) + weights.warnings)
    if slices > 1 {
      checkpoint.warnings.append(
        "\(slices) tensor-parallel ranks saved it: buffers are left out, which lie in their files (mp_rank_00 and others)"
      )
    }
    if key == nil {
      let count = try parameters.reduce(0) { try $0 + states(of: $1).count }
      let counts = [("module", modelLeaves.count { $0.tensor != nil }), ("optim", count)]
      checkpoint.candidates = counts.filter { $0.1 > 0 }.map { .init(path: $0.0, tensorCount: $0.1) }
    }
    (checkpoint.files, checkpoint.byteCount) = (files.opened, files.byteCount)
    for model in models.all { checkpoint.globals.merge(model.globals) }
    let storages = (found + modelLeaves + optimizer).compactMap(\.tensor).flatMap(\.storages)
    (checkpoint.recordsChecksums, checkpoint.openRecords) = (true, { storages })
    checkpoint.sharding = .init(
      world: models.isOfStage3 ? models.world : models.first.number("dp_world_size"))
    return checkpoint
  }
}
