internal import Bytes
internal import Pickle
internal import Tensors
internal import ZipArchive

/// The zip format of `torch.save` since PyTorch 1.6.
///
///     <prefix>/data.pkl         the object, tensors as references to storages
///     <prefix>/byteorder        "little" or "big"; absent before PyTorch 2.1
///     <prefix>/data/<key>       one storage each, raw elements
///     <prefix>/version          "3"
///     <prefix>/.…               hints for torch's own loader
struct TorchArchive {
  private let file: FileSource
  private let archive: ArchiveReader
  /// What stands before `data.pkl`, up to and with the slash.
  private let prefix: String

  /// A pickle larger than this is not of this world: the largest state dicts known take some megabytes.
  private static let pickleLimit = 1 << 30

  init(_ file: FileSource) throws {
    self.file = file
    archive = try ArchiveReader(file)
    prefix = try Self.findPrefix(archive.records.map(\.name), path: file.name)
    try checkVersion()
    try verifySmallRecords()
  }

  /// Reads every record that is no storage, so that damage shows though nothing in it is needed.
  private func verifySmallRecords() throws {
    for record in archive.records where record.size <= Self.smallRecord {
      let name = record.name.dropFirst(prefix.count)
      guard record.name.hasPrefix(prefix), !name.hasPrefix("data/"), name != "data.pkl" else { continue }
      _ = try archive.contents(of: record, limit: Self.smallRecord)
    }
  }

  private static let smallRecord = 1 << 16

  /// Reads the pickle and finds the state dict in it.
  func checkpoint(key: String?) throws -> Checkpoint {
    let name = prefix + "data.pkl"
    guard let record = archive[name] else {
      throw CheckpointError(file.name, record: name, "the record is missing")
    }
    let graph: PickleGraph
    do {
      graph = try Unpickler.load(try archive.contents(of: record, limit: Self.pickleLimit))
    } catch let error as PickleError {
      throw CheckpointError(
        file.name, record: name, "\(error)",
        hints: ["the pickle is damaged, or not one that torch.save writes"])
    }
    var warnings = archive.warnings
    if graph.streamByteCount < record.size {
      warnings.append("\(record.size - graph.streamByteCount) bytes follow the end of the pickle in \(name)")
    }
    if !archive.recordsChecksums {
      warnings.append("the archive records no checksums, so none can be verified")
    }

    let context = TensorBuilder(graph: graph, path: file.name, record: name, storage: storage)
    let walk = ObjectWalk(graph: graph, path: file.name, record: name)
    try refuseUnsafeGlobals(graph, record: name, walk, context)
    try context.checkReferences()
    let leaves = try walk.leaves(context)
    let choice = try WrapperChoice(leaves, key: key, path: file.name)
    warnings += walk.warnings(leaves)
    return Checkpoint(
      path: file.name, container: .pytorchZip, byteCount: file.byteCount, stateDict: choice.stateDict,
      wrapper: choice.wrapper, candidates: choice.candidates, extras: choice.extras, warnings: warnings)
  }

  /// The storage that the record `data/<key>` holds.
  private func storage(_ key: String) throws -> Storage {
    let name = prefix + "data/" + key
    guard let record = archive[name] else {
      throw CheckpointError(
        file.name, record: name, "the record of storage \(key) is missing",
        hints: ["the archive is incomplete: fetch it again"])
    }
    let checksum = archive.recordsChecksums ? record.crc32 : nil
    switch record.method {
    case .stored:
      return Storage(
        file, offset: record.payloadOffset, byteCount: record.size, label: key, crc32: checksum)
    default:
      return Storage(
        archive.source(for: record), offset: 0, byteCount: record.size, label: key, crc32: checksum)
    }
  }

  // MARK: What kind of archive

  private static func findPrefix(_ names: [String], path: String) throws -> String {
    let pickles = names.filter { name in
      !name.hasPrefix("__MACOSX/") && (name == "data.pkl" || name.hasSuffix("/data.pkl"))
    }
    // `data/data.pkl` belongs to the prefix `data/`; a storage of that name cannot exist, keys are numbers.
    guard let pickle = pickles.first else { throw notTorch(names, path: path) }
    let prefix = String(pickle.dropLast("data.pkl".count))
    if pickles.count > 1 {
      throw CheckpointError(
        path, "the archive has \(pickles.count) checkpoints in it: \(pickles.joined(separator: ", "))",
        hints: ["it is not clear which one is meant; unpack it and zip one of them"])
    }
    let members = Set(names)
    if members.contains(prefix + "constants.pkl") {
      throw CheckpointError(
        path, "a TorchScript archive (torch.jit.save), which this version cannot read yet",
        hints: ["in Python: torch.save(torch.jit.load(file).state_dict(), new_file)"])
    }
    return prefix
  }

  private static func notTorch(_ names: [String], path: String) -> CheckpointError {
    if names.contains(where: { $0.hasSuffix(".data/extern_modules") || $0.hasSuffix("/extern_modules") }) {
      return CheckpointError(
        path, "a torch.package archive, which holds code and is not supported",
        hints: ["in Python: save the state_dict() of the model inside with torch.save"])
    }
    if !names.isEmpty, names.allSatisfy({ $0.hasSuffix(".npy") }) {
      return CheckpointError(
        path, "a NumPy .npz archive, which this version cannot read yet", hints: ["use torch.save in Python"])
    }
    return CheckpointError(
      path, "a zip archive, but no PyTorch checkpoint: the record data.pkl is missing",
      hints: ["it holds: \(names.prefix(5).joined(separator: ", "))\(names.count > 5 ? ", …" : "")"])
  }

  private func checkVersion() throws {
    if let record = archive[prefix + "version"] ?? archive[prefix + ".data/version"] {
      let text = String(decoding: try archive.contents(of: record, limit: 64), as: UTF8.self)
      let version = Int(text.filter { !$0.isWhitespace })
      guard let version, (1...10).contains(version) else {
        throw CheckpointError(
          file.name, record: record.name,
          "the file format version is \"\(text.prefix(20))\"; 1 to 10 are known",
          hints: ["a newer PyTorch wrote it, or the record is damaged"])
      }
    }
    if let record = archive[prefix + "byteorder"] {
      let order = String(decoding: try archive.contents(of: record, limit: 64), as: UTF8.self)
      guard order == "little" else {
        throw CheckpointError(
          file.name, record: record.name,
          order == "big"
            ? "the archive is big-endian, which this version cannot read yet"
            : "the byte order is \"\(order.prefix(20))\"; little and big are known")
      }
    }
  }

  // MARK: Safety

  private func refuseUnsafeGlobals(
    _ graph: PickleGraph, record: String, _ walk: ObjectWalk, _ tensors: TensorBuilder
  ) throws {
    for (id, value) in graph.all {
      guard case .global(let module, let name) = value, UnsafeGlobals.isUnsafe(module: module, name: name)
      else {
        continue
      }
      let safe = (try? walk.leaves(tensors))?.count { $0.tensor != nil } ?? 0
      throw CheckpointError(
        file.name, record: record,
        "byte \(graph.offset(of: id)): the pickle names \(Self.printable(module)).\(Self.printable(name)), which "
          + "would run code if Python loaded it",
        hints: [
          "nothing was executed; \(safe) tensors could be told apart in it",
          "do not load this file in Python",
        ], kind: .unsafe)
    }
  }

  private static func printable(_ text: String) -> String {
    let shown = text.unicodeScalars.prefix(80).map { $0.value < 32 || $0.value == 127 ? "?" : String($0) }
      .joined()
    return text.isEmpty ? "(empty)" : shown
  }
}
