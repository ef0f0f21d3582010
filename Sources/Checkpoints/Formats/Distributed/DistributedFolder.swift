internal import SutureBytes
internal import SuturePickle
internal import SutureTensors
internal import SutureText

/// A folder of `torch.distributed.checkpoint`, which each rank wrote its part of.
///
///     <folder>/.metadata        what there is, and where
///     <folder>/__R_F.distcp     the items of rank R, one behind the other: each is a file of `torch.save`
///     <folder>/__R.metadata     of each rank, instead of .metadata: what that rank wrote (use_collectives=False)
///     <folder>/metadata.json    beside them where Megatron saved
struct DistributedFolder {
  private let input: CheckpointInput
  private let files: FolderFiles
  /// What describes the items; of several, each those of its rank.
  private let descriptions: [(name: String, metadata: DistributedMetadata)]

  private var warnings: [String] = []
  private var globals: [Checkpoint.Global] = []
  /// The storages of the items of each tensor, by the storage that they make.
  private var storages: [(made: ObjectIdentifier, items: [Storage])] = []
  private let items = TensorItems()

  private init(_ input: CheckpointInput, _ names: [String]) throws {
    self.input = input
    files = FolderFiles(input.name)
    descriptions = try names.map { name in
      (name, try DistributedMetadata(FileSource("\(input.name)/\(name)"), input.limits))
    }
    for (_, metadata) in descriptions { globals.merge(metadata.globals) }
    // The pickles were many times as large as what was taken from them.
    returnFreedMemory()
  }

  /// An entry as all descriptions together have it.
  private struct Merged {
    let name: String
    var entry: DistributedMetadata.Entry
    /// The file that describes it.
    let described: String
  }

  private func merged() throws -> [Merged] {
    var result: [Merged] = []
    var positions: [ExactString: Int] = [:]
    for (described, metadata) in descriptions {
      for (name, entry) in metadata.entries {
        guard let position = positions[ExactString(name)] else {
          positions[ExactString(name)] = result.count
          result.append(Merged(name: name, entry: entry, described: described))
          continue
        }
        // Values are each rank's own; the first is as good as another.
        guard case .tensor(let dtype, let shape, let chunks) = entry else { continue }
        guard case .tensor(dtype, shape, let others) = result[position].entry else {
          throw Failure(
            in: files.folder,
            "\(result[position].described) and \(described) disagree on what \(name.shownName) is",
            remedies: ["the ranks' files are of different runs or steps"])
        }
        result[position].entry = .tensor(dtype: dtype, shape: shape, chunks: others + chunks)
      }
    }
    return result
  }

  /// The keys that lead to an entry.
  private func path(_ name: String) -> [String] {
    descriptions.lazy.compactMap { $0.metadata.paths[ExactString(name)] }.first ?? [name]
  }

  private mutating func leaves() throws -> [Leaf] {
    let entries = try merged()
    try checkPaths(entries)
    var leaves: [Leaf] = []
    for entry in entries {
      let path = path(entry.name)
      switch entry.entry {
      case .tensor(let dtype, let shape, let chunks):
        leaves.append(Leaf(path, try tensor(entry, dtype, shape, chunks)))
      case .value(let place): leaves += try values(entry, path, place)
      case .unknown(let className):
        warnings.append(
          "\(entry.name.shownName) is a \(className.shownName), which is not known: it is left out")
      }
    }
    return leaves
  }

  /// Throws where two entries would be in the same place.
  private func checkPaths(_ entries: [Merged]) throws {
    var names: [[ExactString]: String] = [:]
    for entry in entries {
      if let other = names.updateValue(entry.name, forKey: path(entry.name).map(ExactString.init)) {
        throw Failure(
          in: files.path(entry.described),
          "it puts both \(other.shownName) and \(entry.name.shownName) at \(path(entry.name).joined(separator: ".").shownName)",
          remedies: ["the file is damaged, or made to mislead"])
      }
    }
  }

  // MARK: Items

  private mutating func tensor(
    _ entry: Merged, _ dtype: DType, _ shape: [Int], _ chunks: [DistributedMetadata.Chunk]
  ) throws -> Tensor {
    let name = entry.name
    func source(_ chunk: DistributedMetadata.Chunk) -> String { chunk.place?.file ?? "no file" }
    // What cannot be right is refused before anything is opened.
    var seen: Set<TensorBox> = []
    let boxes = chunks.map(\.box).filter { box in
      // Each rank describes its copy of what all have; one description has no reason to say anything twice.
      seen.insert(box).inserted || descriptions.count == 1 && !box.isEmpty
    }
    try located {
      try Tensor.checkTiling(boxes, shape, name) { index in
        chunks.filter { $0.box == boxes[index] }.map(source)
      }
    }
    let places = try chunks.filter { !$0.box.isEmpty }.map { chunk in
      guard let place = chunk.place else {
        throw Failure(
          in: files.path(entry.described),
          "it does not say in which file the part \(chunk.box) of \(name.shownName) lies",
          remedies: ["the file is damaged: fetch it again"])
      }
      return (chunk.box, place, try item(place, of: name, entry.described))
    }
    // Each is an archive of its own, and there may be tens of thousands.
    let opened = Guarded<[TensorPiece?]>([TensorPiece?](repeating: nil, count: places.count))
    try concurrently(places.count, workers: processorCount) {
      [limits = input.limits, described = entry.described, items] index in
      let (box, place, item) = places[index]
      let tensor = try items.open(
        item, .init(byteCount: place.range.length, dtype: dtype, shape: box.sizes), name, limits)
      guard tensor.dtype == dtype, tensor.shape == box.sizes else {
        throw Failure(
          in: item.file.name, at: place.range.offset,
          "the part \(box) of \(name.shownName) is \(tensor.dtype) \(tensor.shape) here; \(described) says "
            + "\(dtype) \(box.sizes)",
          remedies: ["the files are of different runs or steps, or one is damaged"])
      }
      let piece = TensorPiece(tensor, at: box.start, from: place.file)
      opened.withLock { $0[index] = piece }
    }
    let pieces = opened.withLock { $0.compactMap(\.self) }
    let whole = try located { try Tensor.assembled(pieces, dtype: dtype, shape: shape, name: name) }
    storages.append((ObjectIdentifier(whole.storage), pieces.map(\.tensor.storage)))
    return whole
  }

  /// Adds the folder to what is wrong with a tensor.
  private func located<R>(_ body: () throws -> R) throws -> R {
    do { return try body() } catch let error as Failure { throw error.inFolder(files.folder) }
  }

  private mutating func values(_ entry: Merged, _ path: [String], _ place: DistributedMetadata.Place?) throws
    -> [Leaf]
  {
    guard let place else {
      throw Failure(
        in: files.path(entry.described), "it does not say in which file \(entry.name.shownName) lies",
        remedies: ["the file is damaged: fetch it again"])
    }
    let part = try open(place, of: entry.name, entry.described)
    globals.merge(part.globals)
    warnings += part.warnings
    return try part.leaves(under: path)
  }

  private func open(_ place: DistributedMetadata.Place, of name: String, _ described: String) throws
    -> PickledPart
  {
    try .open(item(place, of: name, described).bytes, input.limits)
  }

  /// The bytes of an item.
  private func item(_ place: DistributedMetadata.Place, of name: String, _ described: String) throws
    -> TensorItems.Item
  {
    if let transform = place.transforms.first {
      throw Failure(
        in: files.path(place.file),
        "its items were put through \(place.transforms.map(\.shownName).joined(separator: ", ")), which is not undone here",
        remedies: [
          .advice("save again without \(transform.shownName)"),
          "in Python: torch.distributed.checkpoint.format_utils.dcp_to_torch_save(folder, file)",
        ])
    }
    let file = try files.open(place.file, named: files.path(described), needed: name.shownName)
    let (offset, length) = place.range
    guard offset >= 0, length >= 0, length <= file.byteCount, offset <= file.byteCount - length else {
      throw Failure(
        in: file.name,
        "\(name.shownName) should be the \(length) bytes from byte \(offset) on, and the file has \(file.byteCount)",
        remedies: ["the file is cut short, or \(described) is damaged: fetch both again"])
    }
    let slice = SourceSlice(
      file, offset..<(offset + length), name: "\(file.name): \(name.visible) at byte \(offset)")
    return TensorItems.Item(file: file, offset: offset, bytes: slice)
  }

  // MARK: The whole

  private mutating func checkpoint() throws -> Checkpoint {
    let leaves = try leaves()
    let isMegatron = input.fileNames.contains("metadata.json")
    let choice = try WrapperChoice(leaves, key: input.key, modules: [], path: input.name, partsTraining: true)
    if isMegatron {
      warnings.append(
        "Megatron saved this (torch_dist): its names are Megatron's own, and layers may be stacked along a first axis"
      )
    }
    let stray = input.fileNames.filter { name in
      name.hasSuffix(".distcp") && !descriptions.contains { $0.metadata.files.contains(ExactString(name)) }
    }
    if !stray.isEmpty {
      warnings.append("nothing refers to \(stray.map(\.shownName).summary): left over from another run")
    }
    var checkpoint = Checkpoint(
      input, isMegatron ? .megatronDistributed : .distributed, choice, warnings: warnings)
    checkpoint.files = descriptions.map { files.path($0.name) } + files.opened
    checkpoint.byteCount = files.byteCount
    checkpoint.globals = globals
    checkpoint.recordsChecksums = true
    // What is beside the tensors that were taken need not be read to know that these are whole.
    let taken = Set(choice.stateDict.storages.map { ObjectIdentifier($0) })
    let records = storages.filter { taken.contains($0.made) }.flatMap(\.items)
    checkpoint.openRecords = { records }
    checkpoint.sharding = Checkpoint.Sharding(world: world)
    return checkpoint
  }

  /// The ranks that wrote anything, by the names of their files.
  private var world: Int? {
    let ranks = descriptions.flatMap { $0.metadata.files }.compactMap { file -> Int? in
      let name = file.string.split(separator: "/").last ?? ""
      guard name.hasPrefix("__"), let rank = name.dropFirst(2).split(separator: "_").first else { return nil }
      return Int(rank)
    }
    return ranks.max().map { $0 + 1 }
  }
}

extension DistributedFolder: CheckpointFormat {
  static func open(_ input: CheckpointInput) throws -> Checkpoint? {
    guard input.file == nil else { return nil }
    let ranks = input.fileNames.compactMap { name in rank(of: name).map { (rank: $0, name: name) } }
      .sorted { $0.rank < $1.rank }.map(\.name)
    let names = input.fileNames.contains(".metadata") ? [".metadata"] : ranks
    if names.isEmpty {
      guard
        input.fileNames.contains(where: { $0.hasSuffix(".distcp") })
          || input.fileNames.contains(".metadata.tmp")
      else {
        return nil
      }
      throw Failure(
        in: input.name,
        "a distributed checkpoint of PyTorch without its .metadata, which says what lies where and is written last: "
          + "the save did not finish, or the file was not copied",
        remedies: [
          "names that begin with a dot are hidden: copy .metadata as well, or take an earlier checkpoint"
        ])
    }
    var folder = try DistributedFolder(input, names)
    return try folder.checkpoint()
  }

  /// The rank of a file that is called `__R.metadata`.
  private static func rank(of name: String) -> Int? {
    guard name.hasPrefix("__"), name.hasSuffix(".metadata") else { return nil }
    return Int(name.dropFirst(2).dropLast(".metadata".count))
  }
}

extension Checkpoint.Container {
  public static let distributed = Self(rawValue: "pytorch-dcp")
  public static let megatronDistributed = Self(rawValue: "megatron-dcp")
}
