internal import SutureBytes
internal import SutureJSON
internal import SutureTensors
internal import SutureText

/// A folder of safetensors files that the ranks of `torch.distributed.checkpoint` wrote, each its parts
/// (`HuggingFaceStorageWriter`).
///
///     <folder>/shard-00002-model-00001-of-00003.safetensors     of rank 1, the first of three files of the model
///
/// In the metadata of each, `DCP_SHARDING_INFO` is JSON in a text: `{"embed.weight": {"saved_offsets": [6, 0]}, …}`. The shape
/// of a whole is nowhere: it is as far as its parts reach.
enum DistributedSafetensors: CheckpointFormat {
  private static let sharding = "DCP_SHARDING_INFO"

  /// The rank, counted from 1, and the number of the file in the name of a shard.
  private static func numbers(_ name: String) -> (rank: Int, file: Int, count: Int)? {
    guard name.hasSuffix(".safetensors"), let rest = name.rest(after: "shard-") else { return nil }
    let words = rest.dropLast(".safetensors".count).split(separator: "-", omittingEmptySubsequences: false)
    guard words.count == 5, words[1] == "model", words[3] == "of", let rank = Int(words[0]),
      let file = Int(words[2]),
      let count = Int(words[4])
    else { return nil }
    return (rank, file, count)
  }

  static func open(_ input: CheckpointInput) throws -> Checkpoint? {
    guard input.file == nil else { return nil }
    let names = input.fileNames.compactMap { name in numbers(name).map { (name: name, numbers: $0) } }
    guard !names.isEmpty else { return nil }
    try input.requireNoKey("a folder of safetensors shards")
    let ranks = names.map(\.numbers.rank)
    guard let world = ranks.max(), world > 1 else {
      throw Failure(
        in: input.name,
        "only rank 1's shards are here, and nothing in them says whether other ranks wrote any: tensors would only be smaller",
        remedies: [
          "fetch the shards of all ranks",
          .advice("where there was one rank, each file is whole: \(names.map(\.name.shownName).summary)"),
        ])
    }
    for name in names where name.numbers.count != names[0].numbers.count {
      throw Failure(
        in: input.name,
        "\(names[0].name) is one of \(names[0].numbers.count) files, and \(name.name) one of \(name.numbers.count)",
        remedies: ["the shards are of different runs: fetch them again, from the same place"])
    }
    var parts: [ExactString: [TensorPiece]] = [:]
    var order: [String] = []
    let files = FolderFiles(input.name)
    for (name, _) in names {
      let file = try files.open(name, named: input.name, needed: "a shard")
      for (tensor, piece) in try pieces(of: file, name, input.limits) {
        if parts[ExactString(tensor)] == nil { order.append(tensor) }
        parts[ExactString(tensor), default: []].append(piece)
      }
    }
    var stateDict = StateDict()
    for name in order { try stateDict.append(name, try whole(name, parts[ExactString(name)] ?? [], input)) }
    var checkpoint = Checkpoint(
      input, .distributedSafetensors, stateDict,
      warnings: [
        "nothing in these files says how many ranks wrote them: \(world) are here, and if the last of all is missing, tensors "
          + "are smaller than they were"
      ])
    (checkpoint.files, checkpoint.byteCount) = (files.opened, files.byteCount)
    checkpoint.sharding = .init(world: world)
    return checkpoint
  }

  private static func pieces(of file: FileSource, _ name: String, _ limits: ReadLimits) throws -> [(
    String, TensorPiece
  )] {
    let head = try file.bytes(0..<min(4, file.byteCount))
    if head == ForeignFile.zipMagic {
      throw Failure(
        in: file.name,
        "a file of torch.save stands before its safetensors header, as torch writes Python values of a state dict: no program "
          + "reads such a file",
        remedies: ["save again without the values that are no tensors"])
    }
    let contents = try Checkpoint.open(CheckpointInput(file, key: nil, limits: limits, mayNameFiles: false))
    let text = contents.stateDict.metadata.first { $0.key == sharding }?.value
    guard let text, let places = try? JSONParser.parse(Array(text.utf8)) else {
      throw Failure(
        in: file.name,
        "it does not say where its parts belong: \(sharding) in its metadata is missing or damaged",
        remedies: ["it is another program's: open it by itself"])
    }
    return try contents.stateDict.map { entry in
      let offsets = places[entry.name]?["saved_offsets"]?.arrayValue
      let start = offsets?.compactMap(\.integerValue)
      guard let start, start.count == offsets?.count, start.count == entry.tensor.shape.count else {
        throw Failure(in: file.name, "it does not say where its part of \(entry.name.shownName) belongs")
      }
      return (entry.name, TensorPiece(entry.tensor, at: start, from: name))
    }
  }

  private static func whole(_ name: String, _ pieces: [TensorPiece], _ input: CheckpointInput) throws
    -> Tensor
  {
    var shape = [Int](repeating: 0, count: pieces[0].start.count)
    for piece in pieces {
      guard piece.start.count == shape.count else {
        throw Failure(
          in: input.name,
          "\(name.shownName) has \(shape.count) dimensions in \(pieces[0].source), and others in \(piece.source)"
        )
      }
      for axis in shape.indices {
        shape[axis] = max(shape[axis], piece.start[axis].adding(saturating: piece.tensor.shape[axis]))
      }
    }
    do {
      return try Tensor.assembled(pieces, dtype: pieces[0].tensor.dtype, shape: shape, name: name)
    } catch let error as Failure {
      throw error.inFolder(input.name)
    }
  }
}

extension Failure {
  /// The same of a tensor of which the folder was not known.
  func inFolder(_ folder: String) -> Failure {
    guard place.file == nil else { return self }
    var place = place
    place.file = folder
    return Failure(kind, at: place, reason, remedies: remedies)
  }
}

extension Checkpoint.Container {
  public static let distributedSafetensors = Self(rawValue: "pytorch-dcp-safetensors")
}
