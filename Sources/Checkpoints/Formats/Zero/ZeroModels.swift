internal import SutureBytes
internal import SutureTensors
internal import SutureText

/// The model states of a step: of stages 1 and 2 one file, of stage 3 one of each rank.
struct ZeroModels {
  let input: CheckpointInput
  let files: FolderFiles
  let all: [ZeroModelStates]
  let isOfStage3: Bool
  /// How many ranks share the parameters.
  let world: Int

  /// That of rank 0, which alone tells which parameters are shared.
  var first: ZeroModelStates { all[0] }

  /// - Parameter world: how many ranks there are, where that is known already.
  init(_ input: CheckpointInput, _ files: FolderFiles, _ names: [ZeroFileName], world: Int?, says: String)
    throws
  {
    isOfStage3 = names.first?.rank != nil
    self.world = world ?? (names.compactMap(\.rank).max() ?? 0).adding(saturating: 1)
    (self.input, self.files) = (input, files)
    if isOfStage3 { try ZeroFileNames.checkComplete(names, world: self.world, input, says: says) }
    all = try names.enumerated().map { place, name in
      let part = try PickledPart.open(
        files.open(name.name, named: input.name, needed: "the shapes of the parameters"), input.limits)
      let states = try ZeroModelStates(part, file: name.name)
      return place == 0 ? states : states.ofOtherRank
    }
    for other in all.dropFirst() {
      for name in ZeroModelStates.compared where other.number(name) != first.number(name) {
        throw disagreement(
          first.file, other.file,
          "on \(name): \(first.number(name) ?? 0) and \(other.number(name) ?? 0)")
      }
    }
  }

  /// The parameters that train, a group each.
  func groups() throws -> [[ZeroParameter]] {
    if let groups = first.groups { return groups }
    throw Failure(
      in: files.path(first.file), "it does not say which parameters there are (param_shapes)",
      remedies: ["it is of another run, or of none with ZeRO"])
  }

  func disagreement(_ one: String, _ other: String, _ what: String) -> Failure {
    Failure(
      in: input.name, "\(one.shownName) and \(other.shownName) disagree \(what)",
      remedies: ["they are of different runs or steps: fetch all files of one step, from the same place"])
  }

  // MARK: Parameters

  /// How many elements of a parameter each rank has at stage 3, padding among them.
  static func piece(_ count: Int, _ world: Int) -> Int { count / world + (count % world == 0 ? 0 : 1) }

  /// A parameter of which each rank has a piece, at the same place of its vector.
  func spread(_ parameter: ZeroParameter, _ vectors: [FlatVector], at start: Int) throws -> Tensor {
    let piece = Self.piece(parameter.count, world)
    var pieces: [TensorPiece] = []
    var first = 0
    for vector in vectors where first < parameter.count {
      let own = min(piece, parameter.count - first)
      pieces += try vector.pieces(start..<(start + own), at: first)
      first += own
    }
    return try assembled(parameter, pieces, vectors[0].dtype)
  }

  func assembled(_ parameter: ZeroParameter, _ pieces: [TensorPiece], _ dtype: DType?) throws
    -> Tensor
  {
    do {
      return try Tensor.assembled(
        pieces, dtype: dtype ?? .float32, shape: [parameter.count], name: parameter.name
      ).reshaped(parameter.shape)
    } catch let error as Failure { throw error.inFolder(input.name) }
  }
}
