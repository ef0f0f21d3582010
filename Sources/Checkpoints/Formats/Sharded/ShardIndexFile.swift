internal import SutureBytes
internal import SutureJSON
internal import SutureTensors
internal import SutureText

// An index says which file of the same folder holds which tensor:
//
//   {"metadata": {"total_size": 32}, "weight_map": {"a.weight": "model-00001-of-00002.safetensors", …}}
//
// It is called model.safetensors.index.json or pytorch_model.bin.index.json.

/// A checkpoint in several files, with an index.
struct ShardIndexFile {
  private let path: String
  private let folder: String
  /// Where the index is, if that is at a server.
  private let address: Address?
  private let weightMap: [(key: String, file: String)]
  private let limits: ReadLimits
  private let provenance: Provenance?

  /// Editors of Windows put it before a text.
  private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

  /// Whether a file is called as an index is, with a variant in its name or not.
  ///
  /// `model.safetensors.index.json`, `diffusion_pytorch_model.safetensors.index.fp16.json`.
  private static func isIndex(_ path: String) -> Bool {
    let parts = path.dropFirst(SutureBytes.folder(of: path).count).split(separator: ".").suffix(3)
    return parts.last == "json" && parts.dropLast().contains("index")
  }

  private static let indexLimit = 100_000_000

  /// Reads an index; `nil` where the file is JSON, but no index.
  init?(_ source: any ByteSource, limits: ReadLimits) throws {
    guard source.byteCount <= Self.indexLimit else { return nil }
    let document: JSONValue
    var text = try source.bytes(0..<source.byteCount)
    if text.starts(with: Self.byteOrderMark) { text.removeFirst(Self.byteOrderMark.count) }
    do { document = try JSONParser.parse(text) } catch {
      guard Self.isIndex(source.name) else { return nil }
      throw Failure(
        in: source.name, at: error.offset, error.reason, remedies: ["the index is damaged"])
    }
    guard let map = document["weight_map"] else {
      guard Self.isIndex(source.name) else { return nil }
      throw Failure(in: source.name, "the index has no weight_map")
    }
    provenance = document["metadata"]?[Provenance.metadataKey]?.stringValue.flatMap { Provenance($0.utf8) }
    guard let members = map.members else {
      throw Failure(in: source.name, "the index's weight_map is \(map.kind), not an object")
    }
    weightMap = try members.map { key, value in
      guard let file = value.stringValue, FolderFiles.staysInside(file) else {
        throw Failure(
          in: source.name,
          "the index puts \"\(key.prefix(80))\" into something that is no file of this folder",
          remedies: ["shards lie beside their index, or in folders beside it: no name may lead out of there"])
      }
      return (key, file)
    }
    path = source.name
    address = source.remote?.address
    folder = source.name.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
      separator: "/")
    self.limits = limits
  }

  private func checkpoint(_ input: CheckpointInput) throws -> Checkpoint {
    var shards: [ExactString: Checkpoint] = [:]
    var files: [String] = []
    for (_, file) in weightMap where shards[ExactString(file)] == nil {
      shards[ExactString(file)] = try open(file)
      files.append(file)
    }
    var stateDict = StateDict()
    var missing: [(key: String, file: String)] = []
    for (key, file) in weightMap {
      guard let tensor = shards[ExactString(file)]?.stateDict[key] else {
        missing.append((key, file))
        continue
      }
      try stateDict.append(key, tensor)
    }
    if let first = missing.first {
      throw Failure(
        in: path,
        "\(Format.plural(missing.count, "tensor")) of the index \(missing.count == 1 ? "is" : "are") in no shard, \"\(first.key.prefix(80))\" for one",
        remedies: [
          "it should be in \(first.file)", "fetch the shards and the index again, from the same place",
        ])
    }
    var warnings: [String] = []
    var known: Set<ExactString> = []
    for name in stateDict.names { known.insert(ExactString(name)) }
    let homes = Dictionary(weightMap.map { (ExactString($0.key), ExactString($0.file)) }) { first, _ in first
    }
    for file in files {
      guard let shard = shards[ExactString(file)] else { continue }
      // A name that is stored under another's is in no index.
      for name in shard.restoredNames where known.insert(ExactString(name)).inserted {
        if let tensor = shard.stateDict[name] { try stateDict.append(name, tensor) }
      }
      warnings += shard.warnings.map { "\(file): \($0)" }
      let unlisted = shard.stateDict.names.filter { !known.contains(ExactString($0)) }
      if let first = unlisted.first {
        warnings.append(
          "\(file) holds \(Format.plural(unlisted.count, "tensor")) that the index does not list, "
            + "\"\(first.prefix(80))\" for one: left out")
      }
      // Whoever reads shard after shard may take another of the two than the index says.
      let restored = Set(shard.restoredNames.map(ExactString.init))
      let elsewhere = shard.stateDict.names.filter { name in
        let home = homes[ExactString(name)]
        return home != nil && home != ExactString(file) && !restored.contains(ExactString(name))
      }
      if let first = elsewhere.first {
        warnings.append(
          "\(file) holds \(Format.plural(elsewhere.count, "tensor")) of another file by the index, "
            + "\"\(first.prefix(80))\" for one: left out here")
      }
      for (key, value) in shard.stateDict.metadata
      where !stateDict.metadata.contains(where: { $0.key == key }) {
        stateDict.metadata.append((key, value))
      }
    }
    stateDict.restoreOrder(provenance)
    let parts = files.compactMap { shards[ExactString($0)] }
    var checkpoint = Checkpoint(input, .sharded, stateDict, warnings: warnings)
    checkpoint.byteCount = parts.reduce(0) { $0 &+ $1.byteCount }
    checkpoint.extras = parts.flatMap(\.extras)
    checkpoint.globals.merge(parts.flatMap(\.globals))
    checkpoint.foreignOpcode = parts.lazy.compactMap(\.foreignOpcode).first
    checkpoint.recordsChecksums = parts.contains { $0.recordsChecksums }
    checkpoint.provenance = provenance ?? parts.lazy.compactMap(\.provenance).first
    checkpoint.files += try files.map(place)
    checkpoint.openRecords = { parts.flatMap(\.records) }
    return checkpoint
  }

  /// The path or the address of a shard.
  private func place(_ file: String) throws -> String {
    if let address { return try address.beside(file).text }
    return folder.isEmpty ? file : folder + "/" + file
  }

  private func open(_ file: String) throws -> Checkpoint {
    do {
      let source = try openSource(place(file))
      // That a shard is a link, as in the Hugging Face cache, is how its owner keeps it; a folder on the way that leads
      // elsewhere came with the index.
      guard try address != nil || isInside(SutureBytes.folder(of: place(file)), folder) else {
        throw Failure(
          in: path, "the folder of the shard \(file) is a link that leads out of the folder of the index",
          remedies: ["move the shards into the folder of the index"])
      }
      return try Checkpoint.open(
        try CheckpointInput(source, key: nil, limits: limits, mayNameFiles: false))
    } catch let error as SystemError where error.isMissing {
      let keys = weightMap.filter { ExactString($0.file) == ExactString(file) }.map(\.key)
      throw Failure(
        in: self.path,
        "the shard \(file) is missing, and with it \(Format.plural(keys.count, "tensor")), \"\(keys[0].prefix(80))\" for one",
        remedies: ["fetch it into the folder of the index"])
    }
  }
}

extension ShardIndexFile: CheckpointFormat {
  static func open(_ input: CheckpointInput) throws -> Checkpoint? {
    guard let file = input.file else { return try open(folder: input) }
    let head =
      input.head.starts(with: byteOrderMark) ? input.head.dropFirst(byteOrderMark.count) : input.head[...]
    guard head.first(where: { ![9, 10, 13, 32].contains($0) }) == UInt8(ascii: "{"),
      let index = try ShardIndexFile(file, limits: input.limits)
    else { return nil }
    if input.isStandardInput {
      throw Failure(
        in: input.name, "it is the index of a sharded checkpoint, whose files lie in no folder that is known",
        remedies: ["name the index instead"], kind: .usage)
    }
    guard input.mayNameFiles else { throw Failure(in: file.name, "an index names an index") }
    let checkpoint = try index.checkpoint(input)
    try input.requireNoKey("a sharded checkpoint")
    return checkpoint
  }

  /// Opens the index of a folder.
  private static func open(folder input: CheckpointInput) throws -> Checkpoint? {
    let names = input.fileNames.filter(isIndex)
    guard names.count <= 1 else {
      throw Failure(
        in: input.name, "there are \(names.count) indices in this folder",
        remedies: [input.opening(names)])
    }
    guard let name = names.first else { return nil }
    var checkpoint = try Checkpoint.open(
      try CheckpointInput(
        try FileSource("\(input.name)/\(name)"), key: input.key, limits: input.limits, mayNameFiles: true))
    checkpoint.tellOthers(in: input)
    return checkpoint
  }
}

extension Checkpoint {
  /// What the model is called of which a file is the index: `model.fp16.safetensors` of
  /// `model.safetensors.index.fp16.json`; the name itself where it is no index's.
  package static func nameWithoutIndex(_ name: String) -> String {
    var parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count > 2, parts.last == "json", let place = parts.lastIndex(of: "index"), place > 0,
      parts.count - place <= 3
    else { return name }
    let variant = parts[(place + 1)..<(parts.count - 1)]
    parts.removeSubrange(place...)
    parts.insert(contentsOf: variant, at: max(1, parts.count - 1))
    return parts.joined(separator: ".")
  }
}

extension Checkpoint.Container {
  public static let sharded = Self(rawValue: "sharded")
}
