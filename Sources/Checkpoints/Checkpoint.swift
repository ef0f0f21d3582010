public import SutureBytes
internal import SuturePickle
public import SutureTensors
internal import SutureZipArchive
internal import SutureText

/// A file of weights, opened without reading a tensor.
public struct Checkpoint: Sendable {
  public enum Container: String, Sendable {
    case pytorchZip = "pytorch-zip"
    case torchScript = "torchscript"
    case pytorchLegacy = "pytorch-legacy"
    case pytorchTar = "pytorch-tar"
    case pickle
    case safetensors
    case sharded
    case npz
    case npy
  }

  /// A place in the file that could be the state dict.
  public struct Candidate: Sendable, Equatable {
    /// The dotted path, as `key:` takes it.
    public let path: String
    public let tensorCount: Int
  }

  /// A module that was pickled whole, known by the name of its class only.
  public struct Module: Sendable, Equatable {
    /// The dotted path from the file's root.
    public let path: String
    public let className: String
    /// How many components the path has.
    let depth: Int
  }

  /// Something that is not one of the state dict's tensors: an epoch, arguments, an optimizer's state.
  public struct Extra: Sendable, Equatable {
    /// The dotted path from the file's root.
    public let path: String
    /// The kind in Python's words; the class name for an object.
    public let kind: String
    /// The value, shortened to something that fits a line.
    public let value: String
  }

  public let path: String
  public let container: Container
  public let byteCount: Int
  public let stateDict: StateDict

  /// The dict keys that lead from the file's root to the state dict; empty where the root is the state dict.
  public let wrapper: [String]

  /// Other places that hold state dicts, such as an EMA of the weights.
  ///
  /// They are never merged.
  public let candidates: [Candidate]

  /// Everything else in the file.
  public let extras: [Extra]

  /// The modules that were pickled whole.
  public let modules: [Module]

  /// The classes and functions that the pickle names; none of them was looked up.
  public let globals: [String]

  /// What a careful reader should know, a sentence each.
  public let warnings: [String]

  /// Whether the file holds checksums of its storages.
  public let recordsChecksums: Bool

  /// Everything in the file that has a checksum of its own, as storages whose labels are the names of the records.
  public var records: [Storage] { openRecords() }

  private let openRecords: @Sendable () -> [Storage]

  /// The runs of this tool that made the file, where it says so.
  public let provenance: Provenance?

  /// The files that it was read from: itself, or an index and its shards.
  public let files: [String]

  /// The names that a safetensors file stores under another's.
  let restoredNames: [String]

  private let object: PlainSource?

  /// Everything in the file as plain data, with the place of the state dict; `nil` where the file holds nothing but
  /// tensors.
  ///
  /// - Parameter keepsStructure: whether each tensor keeps its own place, under which it goes by its name in the state
  ///   dict. Otherwise there is one place for the state dict as a whole.
  public func plainObject(keepsStructure: Bool) throws -> PlainObject? {
    try object?.plain(keepsStructure: keepsStructure)
  }

  /// Opens a file or a folder, telling what it is from its content.
  ///
  /// - Parameter key: the dotted path of the dict to enter; `"."` takes every tensor of the file under its full
  ///   path; `nil` finds the state dict by the names that training code gives it.
  /// - Throws: ``Failure``, or an error of the file system.
  public static func open(_ path: String, key: String? = nil, limits: ReadLimits = .init()) throws
    -> Checkpoint
  {
    try open(path, key: key, limits: limits, inShard: false)
  }

  /// - Parameter inShard: whether it is part of a sharded checkpoint, and so cannot be one itself.
  static func open(_ path: String, key: String? = nil, limits: ReadLimits, inShard: Bool) throws -> Checkpoint
  {
    if !inShard, isFolder(path) { return try open(folder: path, key: key, limits: limits) }
    return try open(try FileSource(path), key: key, limits: limits, inShard: inShard)
  }

  /// Opens what `source` holds.
  ///
  /// - Throws: ``Failure``, or what the source throws.
  public static func open(_ source: any ByteSource, key: String? = nil, limits: ReadLimits = .init()) throws
    -> Checkpoint
  {
    // Whatever bytes in memory hold, they do not name files of this machine.
    try open(source, key: key, limits: limits, inShard: true)
  }

  private static func open(_ file: any ByteSource, key: String?, limits: ReadLimits, inShard: Bool) throws
    -> Checkpoint
  {
    let start = try file.bytes(0..<min(file.byteCount, 512))
    if start.isEmpty {
      throw Failure(in: file.name, "the file is empty", remedies: ["was the download interrupted?"])
    }
    if SafetensorsFile.looksLikeSafetensors(prefix: start, fileSize: file.byteCount) {
      return try requiringNoKey(key, file.name, "a safetensors file") { try open(safetensors: file) }
    }
    if start.starts(with: ForeignFile.zipMagic) { return try open(zip: file, key: key, limits: limits) }
    if start.starts(with: NpyFile.magic) {
      return try flat(file, .npy, key: key) {
        let array = try NpyFile(file, label: "array")
        let rest = array.trailing > 0 ? ["\(array.trailing) bytes follow the array"] : []
        return (try StateDict([.init(name: "array", tensor: array.tensor)]), rest)
      }
    }
    if start.count == 512, start[TarArchive.magicOffset...].starts(with: TarArchive.magic) {
      let archive = try TarArchive(file)
      guard TarFile.isTorch(archive) else { throw ForeignFile.tar(file.name, archive.members.map(\.name)) }
      return Checkpoint(
        file, .pytorchTar, try TarFile(file, archive, limits: limits).contents(key: key))
    }
    if ShardedCheckpoint.looksLikeIndex(start), let index = try ShardedCheckpoint(file, limits: limits) {
      guard !inShard else { throw Failure(in: file.name, "an index names an index") }
      return try requiringNoKey(key, file.name, "a sharded checkpoint") { try index.checkpoint() }
    }
    if let known = ForeignFile.recognize(file.name, start: start, byteCount: file.byteCount) { throw known }
    return try open(pickle: file, start: start, key: key, limits: limits)
  }

  // MARK: Containers

  private static func open(folder: String, key: String?, limits: ReadLimits) throws -> Checkpoint {
    let path = folder.count > 1 && folder.hasSuffix("/") ? String(folder.dropLast()) : folder
    if let index = try ShardedCheckpoint.index(in: path) {
      return try open(try FileSource(index), key: key, limits: limits, inShard: false)
    }
    throw ForeignFile.folder(folder, try fileNames(in: path))
  }

  private static func open(safetensors file: any ByteSource) throws -> Checkpoint {
    let contents = try SafetensorsFile(file)
    return Checkpoint(
      path: file.name, container: .safetensors, byteCount: file.byteCount, stateDict: contents.stateDict,
      warnings: [], recordsChecksums: false, provenance: contents.provenance,
      restoredNames: contents.restoredNames)
  }

  private static func open(zip file: any ByteSource, key: String?, limits: ReadLimits) throws -> Checkpoint {
    var archiveLimits = ArchiveReader.Limits()
    archiveLimits.records = limits.records
    let archive = try ArchiveReader(file, limits: archiveLimits)
    if NpzArchive.isNpz(archive) {
      return try flat(file, .npz, key: key, archive: archive) {
        try NpzArchive(archive).contents()
      }
    }
    let torch = try TorchArchive(archive, limits: limits)
    return Checkpoint(
      file, torch.isScript ? .torchScript : .pytorchZip, try torch.contents(key: key),
      archive: archive)
  }

  /// A pickle with nothing around it, or five of them: the format before 1.6.
  private static func open(pickle file: any ByteSource, start: [UInt8], key: String?, limits: ReadLimits)
    throws
    -> Checkpoint
  {
    let graph: PickleGraph
    do { graph = try Unpickler.load(file, at: 0, limits: limits.pickle) } catch let error as PickleError {
      // Any byte may begin a pickle of protocol 0; one that says PROTO means it.
      guard start[0] == 0x80 else {
        throw ForeignFile.explain(file.name, start: start, byteCount: file.byteCount)
      }
      throw PickleLocation(path: file.name).failure(error, usually: "the pickle is damaged or cut short")
    }
    if LegacyFile.isMagic(graph) {
      return Checkpoint(
        file, .pytorchLegacy, try LegacyFile(file, limits: limits).contents(key: key)
      )
    }
    if start[0] != 0x80, graph.streamByteCount < 4 {
      throw ForeignFile.explain(file.name, start: start, byteCount: file.byteCount)
    }
    return Checkpoint(
      file, .pickle, try BarePickle.contents(file, graph, key: key, limits: limits))
  }

  /// A file that has tensors and nothing to enter.
  private static func flat(
    _ file: any ByteSource, _ container: Container, key: String?, archive: ArchiveReader? = nil,
    _ read: () throws -> (stateDict: StateDict, warnings: [String])
  ) throws -> Checkpoint {
    try requiringNoKey(key, file.name, container.rawValue) {
      let (stateDict, warnings) = try read()
      return Checkpoint(
        path: file.name, container: container, byteCount: file.byteCount, stateDict: stateDict,
        warnings: warnings, recordsChecksums: archive?.recordsChecksums ?? false,
        records: { archive?.storages ?? [] })
    }
  }

  private static func requiringNoKey(
    _ key: String?, _ path: String, _ what: String, _ read: () throws -> Checkpoint
  ) throws -> Checkpoint {
    let checkpoint = try read()
    if let key, key != "." {
      throw Failure(
        in: path, "\(what) has no places to enter, so there is no \"\(key)\"",
        remedies: ["open it without a key"])
    }
    return checkpoint
  }

  // MARK: Making one

  private init(
    _ file: any ByteSource, _ container: Container, _ contents: PickledObject.Contents,
    archive: ArchiveReader? = nil
  ) {
    self.init(
      path: file.name, container: container, byteCount: file.byteCount, stateDict: contents.choice.stateDict,
      wrapper: contents.choice.wrapper, candidates: contents.choice.candidates,
      extras: contents.choice.extras,
      modules: contents.modules, globals: contents.globals, warnings: contents.warnings,
      recordsChecksums: archive?.recordsChecksums ?? false, provenance: contents.provenance,
      object: contents.object, records: { archive?.storages ?? [] })
  }

  init(
    path: String, container: Container, byteCount: Int, stateDict: StateDict, wrapper: [String] = [],
    candidates: [Candidate] = [], extras: [Extra] = [], modules: [Module] = [], globals: [String] = [],
    warnings: [String], recordsChecksums: Bool, provenance: Provenance? = nil, files: [String]? = nil,
    restoredNames: [String] = [], object: PlainSource? = nil,
    records: @escaping @Sendable () -> [Storage] = { [] }
  ) {
    (self.provenance, self.files, self.restoredNames) = (provenance, files ?? [path], restoredNames)
    self.object = object
    openRecords = records
    (self.path, self.container, self.byteCount) = (path, container, byteCount)
    (self.stateDict, self.wrapper, self.candidates) = (stateDict, wrapper, candidates)
    (self.extras, self.modules, self.globals, self.warnings) = (extras, modules, globals, warnings)
    self.recordsChecksums = recordsChecksums
  }

  /// Throws where there is no tensor to work on, saying what there is instead.
  public func requireTensors() throws {
    guard stateDict.isEmpty else { return }
    let found = extras.prefix(8).map { "\($0.path.isEmpty ? "the file" : $0.path) is \($0.kind) \($0.value)" }
    throw Failure(
      in: path, "there are no tensors in this file",
      remedies: found.isEmpty ? ["it holds an empty dict"] : found.map { .advice("found: \($0)") })
  }
}
