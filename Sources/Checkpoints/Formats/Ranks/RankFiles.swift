internal import SutureBytes
internal import SutureJSON
internal import SuturePickle
internal import SutureTensors
internal import SutureText

/// A folder in which each rank of a run has its own file of `torch.save`, with its parts of the tensors (FSDP).
///
///     <folder>/model_world_size_4_rank_0.pt    verl; also rank0.pt, …
///     <folder>/optim_world_size_4_rank_0.pt    the optimizer's, and other groups of files
///     <folder>/fsdp_config.json                {"FSDP_version": 2, "world_size": 4}
///
/// What the files are called does not matter but for their number: each says itself which part of a tensor it has.
struct RankFiles {
  /// The files of the same name but for the rank.
  struct Group {
    /// What stands before the world and the rank: `model`; empty of `rank0.pt`.
    let name: String
    let suffix: String
    /// How many ranks there are, by the names.
    var world: Int?
    var files: [(rank: Int, name: String)] = []
  }

  private let input: CheckpointInput
  private let group: Group
  private var ranks: [(file: String, part: PickledPart)] = []
  private var warnings: [String] = []
  private var globals: [Checkpoint.Global] = []
  private let files: FolderFiles
  /// The tensors that were put together, by what they were made of: those of tied weights are one.
  private var made: [Recipe: Tensor] = [:]
  private var storages: [Storage] = []
  private var meshSize = 0
  /// The file of each rank, by what the meshes say.
  private var writers: [Int: String] = [:]

  private struct Recipe: Hashable {
    let shape: [Int]
    let starts: [[Int]]
    let views: [ViewIdentity]
  }

  private init(_ input: CheckpointInput, _ group: Group) throws {
    (self.input, self.group, files) = (input, group, FolderFiles(input.name))
    try checkFiles()
    for (_, name) in group.files {
      let part = try PickledPart.open(
        files.open(name, named: input.name, needed: "a part of every tensor"), input.limits)
      ranks.append((name, part))
      warnings += part.warnings
      globals.merge(part.globals)
    }
  }

  /// Throws unless all files are there that their names, or the configuration, speak of.
  private func checkFiles() throws {
    let there = Set(group.files.map(\.rank))
    let configured = try configuredWorld()
    if let world = group.world, let configured, world != configured {
      throw Failure(
        in: files.path("fsdp_config.json"),
        "it says that \(configured) ranks saved, and \(group.files[0].name) says \(world)",
        remedies: ["the files are of different runs"])
    }
    let world = group.world ?? configured ?? (there.max() ?? 0).adding(saturating: 1)
    guard world >= 1, world <= Self.mostRanks else {
      throw Failure(in: input.name, "\(world) ranks cannot be")
    }
    let missing = (0..<world).filter { !there.contains($0) }
    if let first = missing.first {
      let example = group.files[0]
      let stem = example.name.dropLast(group.suffix.utf8.count + String(example.rank).utf8.count)
      throw Failure(
        in: input.name,
        "\(missing.count) of the files of \(world) ranks \(missing.count == 1 ? "is" : "are") missing: "
          + missing.prefix(8).map { "\(stem)\($0)\(group.suffix)".shownName }.joined(separator: ", "),
        remedies: [.advice("fetch the file of rank \(first)\(missing.count > 1 ? " and the others" : "")")])
    }
    if let stray = group.files.first(where: { $0.rank >= world }) {
      throw Failure(
        in: input.name, "\(stray.name.shownName) is of rank \(stray.rank), and there are \(world)",
        remedies: ["it is left over from another run"])
    }
  }

  private static let mostRanks = 1_000_000

  private func configuredWorld() throws -> Int? {
    guard input.fileNames.contains("fsdp_config.json") else { return nil }
    let file = try FileSource(files.path("fsdp_config.json"))
    let bytes = try file.bytes(0..<min(file.byteCount, 1 << 16))
    return (try? JSONParser.parse(bytes))?["world_size"]?.integerValue
  }

  // MARK: Merging

  /// What the ranks have at one place.
  private struct Place {
    let first: Leaf
    var found: [(rank: Int, leaf: Leaf)]
  }

  private mutating func leaves(under root: [String]) throws -> [Leaf] {
    var places: [Place] = []
    var positions: [[ExactString]: Int] = [:]
    for (rank, item) in ranks.enumerated() {
      for leaf in try item.part.leaves() {
        let key = leaf.components.map(ExactString.init)
        if let position = positions[key] {
          places[position].found.append((rank, leaf))
        } else {
          positions[key] = places.count
          places.append(Place(first: leaf, found: [(rank, leaf)]))
        }
      }
    }
    if let flat = places.first(where: { $0.first.components.last?.start(before: "_flat_param") != nil }) {
      throw Failure(
        in: files.path(ranks[flat.found[0].rank].file),
        "\(flat.first.path.shownName) is one flat piece of many parameters (FSDP's LOCAL_STATE_DICT), and nothing in the files "
          + "says of which: no program can take it apart without the model",
        remedies: [
          "in Python: load it into the model as it was wrapped, and save with StateDictType.FULL_STATE_DICT"
        ])
    }
    return try places.map { try merge($0).moved(under: root) }
  }

  private mutating func merge(_ place: Place) throws -> Leaf {
    let name = place.first.path
    var pieces: [TensorPiece] = []
    var whole: (dtype: DType, shape: [Int], file: String)?
    for (rank, leaf) in place.found {
      let (file, part) = ranks[rank]
      if leaf.tensor == nil && leaf.refusal == nil { continue }
      if let id = leaf.id, let distributed = try DistributedTensor(id, in: part) {
        try agree(&whole, (distributed.dtype, distributed.shape, file), name)
        meshSize = max(meshSize, distributed.meshSize ?? 0)
        if let said = distributed.rank { try checkRank(said, file) }
        pieces += distributed.parts.map { TensorPiece($0.tensor, at: $0.start, from: file) }
      } else if let refusal = leaf.refusal {
        throw refusal
      } else if let tensor = leaf.tensor {
        // What every rank has whole, each has a copy of.
        try agree(&whole, (tensor.dtype, tensor.shape, file), name)
        guard case .strided = tensor.layout else { return leaf }
        pieces.append(TensorPiece(tensor, at: [Int](repeating: 0, count: tensor.shape.count), from: file))
      }
    }
    guard let whole else { return place.first }
    let recipe = Recipe(
      shape: whole.shape, starts: pieces.map(\.start), views: pieces.map { ViewIdentity($0.tensor) })
    if let known = made[recipe] { return place.first.replaced(by: known) }
    do {
      let tensor = try Tensor.assembled(pieces, dtype: whole.dtype, shape: whole.shape, name: name)
      made[recipe] = tensor
      storages += pieces.map(\.tensor.storage)
      return place.first.replaced(by: tensor)
    } catch let error as Failure { throw error.inFolder(input.name) }
  }

  private func agree(
    _ whole: inout (dtype: DType, shape: [Int], file: String)?,
    _ other: (dtype: DType, shape: [Int], file: String),
    _ name: String
  ) throws {
    if let whole, whole.dtype != other.dtype || whole.shape != other.shape {
      throw Failure(
        in: input.name,
        "\(name.shownName) is \(whole.dtype) \(whole.shape) in \(whole.file), and \(other.dtype) \(other.shape) in \(other.file)",
        remedies: ["the files are of different runs or steps"])
    }
    if whole == nil { whole = other }
  }

  /// What the mesh says is believed, and not the name of the file; but each rank has written one.
  private mutating func checkRank(_ rank: Int, _ file: String) throws {
    guard let other = writers.updateValue(file, forKey: rank), other != file else { return }
    throw Failure(
      in: input.name, "\(other.shownName) and \(file.shownName) were both written by rank \(rank)",
      remedies: ["one is a copy, and another rank's file is missing: fetch all of them again"])
  }

  private mutating func checkpoint(under root: [String], others: [Group]) throws -> Checkpoint {
    let leaves = try leaves(under: root)
    let count = ranks.count
    guard meshSize == 0 || count % meshSize == 0 else {
      throw Failure(
        in: input.name,
        "the tensors are spread over \(meshSize) ranks, and there are files of \(count)",
        remedies: ["the files are of different runs, or some are missing"])
    }
    let choice = try WrapperChoice(leaves, key: input.key, modules: [], path: input.name, partsTraining: true)
    var checkpoint = Checkpoint(input, .rankFiles, choice, warnings: warnings)
    checkpoint.extras += others.map { other in
      .init(
        path: other.name, kind: "rank files",
        value: "\(other.files.count) files, \(other.files[0].name) for one")
    }
    (checkpoint.files, checkpoint.byteCount, checkpoint.globals) = (files.opened, files.byteCount, globals)
    let records = storages
    (checkpoint.recordsChecksums, checkpoint.openRecords) = (true, { records })
    checkpoint.sharding = .init(world: count)
    return checkpoint
  }
}

extension RankFiles: CheckpointFormat {
  static func open(_ input: CheckpointInput) throws -> Checkpoint? {
    guard input.file == nil else { return nil }
    let groups = groups(input.checkpoints)
    guard !groups.isEmpty else { return nil }
    // A group may be entered by its name, however many there are.
    if let key = input.key,
      let named = groups.first(where: { !$0.name.isEmpty && (key == $0.name || key.hasPrefix($0.name + ".")) }
      )
    {
      var files = try RankFiles(input, named)
      return try files.checkpoint(under: [named.name], others: [])
    }
    let models = groups.filter { !isTraining($0.name) }
    guard models.count == 1 else {
      if models.isEmpty, input.models.count > groups.reduce(0, { $0 + $1.files.count }) { return nil }
      throw Failure(
        in: input.name,
        models.isEmpty
          ? "there are files of ranks here, and none of a model: \(groups.map(\.files[0].name.shownName).summary)"
          : "there are files of ranks of \(models.count) models here: \(models.map(\.files[0].name.shownName).summary)",
        remedies: groups.filter { !$0.name.isEmpty }.map {
          .setting("key", value: $0.name, "opens \($0.files[0].name) and the others of it")
        })
    }
    var files = try RankFiles(input, models[0])
    return try files.checkpoint(under: [], others: groups.filter { isTraining($0.name) })
  }

  private static func isTraining(_ name: String) -> Bool {
    name.hasPrefix("extra_state") || WrapperChoice.isTraining(name)
  }

  /// The groups of files whose names end in a rank: several each, or one that says how many there are.
  private static func groups(_ names: [String]) -> [Group] {
    var groups: [Group] = []
    for name in names {
      guard let (stem, suffix, rank) = parts(name) else { continue }
      var (word, world) = (stem, Int?.none)
      if let place = stem.ranges(of: "world_size_").last {
        world = Int(stem[place.upperBound...].prefix { $0.isNumber })
        word = String(stem[..<place.lowerBound])
      }
      while let last = word.last, "_-.".contains(last) { word.removeLast() }
      if let place = groups.firstIndex(where: { $0.name == word && $0.suffix == suffix && $0.world == world })
      {
        groups[place].files.append((rank, name))
      } else {
        groups.append(Group(name: word, suffix: suffix, world: world, files: [(rank, name)]))
      }
    }
    for index in groups.indices { groups[index].files.sort { $0.rank < $1.rank } }
    return groups.filter { $0.files.count > 1 || $0.world != nil }
  }

  /// What stands before "rank", behind the number, and the number itself.
  private static func parts(_ name: String) -> (stem: String, suffix: String, rank: Int)? {
    guard let dot = name.lastIndex(of: "."), [".pt", ".bin", ".pth"].contains(String(name[dot...])) else {
      return nil
    }
    let digits = name[..<dot].reversed().prefix { $0.isASCII && $0.isNumber }
    var stem = name[..<dot].dropLast(digits.count)
    if let last = stem.last, "_-".contains(last) { stem.removeLast() }
    guard !digits.isEmpty, stem.hasSuffix("rank"), let rank = Int(String(digits.reversed())) else {
      return nil
    }
    return (String(stem.dropLast("rank".count)), String(name[dot...]), rank)
  }
}

extension Leaf {
  /// The same place with a tensor that was put together.
  fileprivate func replaced(by tensor: Tensor) -> Leaf {
    Leaf(
      components: components, content: .tensor(tensor), kind: "tensor", opaqueDepths: opaqueDepths,
      isOfAttribute: isOfAttribute)
  }
}

extension Checkpoint.Container {
  public static let rankFiles = Self(rawValue: "fsdp-ranks")
}
