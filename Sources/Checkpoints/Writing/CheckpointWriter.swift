internal import SutureBytes
public import SutureTensors
public import SutureText

/// Writes state dicts to files that appear only when they are whole.
public struct CheckpointWriter: Sendable {
  public let destination: Destination
  public let options: WriteOptions

  public init(_ destination: Destination, _ options: WriteOptions) {
    (self.destination, self.options) = (destination, options)
  }

  /// Writes `stateDict` to one file, with nothing beside it.
  ///
  /// - Throws: what ``plan(_:in:)`` and ``write(_:progress:beforeCommit:)`` throw.
  public static func write(_ stateDict: StateDict, to path: String, _ options: WriteOptions) throws {
    let writer = CheckpointWriter(.file(path), options)
    try writer.write(try writer.plan(stateDict))
  }

  // MARK: Planning

  /// Decides what is written where.
  ///
  /// - Parameter object: what the file is to hold beside the state dict, in a format that can.
  /// - Throws: `Failure` where the format cannot hold a tensor.
  public func plan(_ stateDict: StateDict, in object: PlainObject? = nil) throws -> WritePlan {
    let path = path
    let limit = destination == .standardOutput ? nil : options.maximumShardSize
    let sharesStorages = options.format.sharesStorages
    let shards = try limit.map {
      try Shards(stateDict, limit: $0, keepsTogether: sharesStorages || options.shared == .alias)
    }
    guard let shards, shards.parts.count > 1 else {
      let file = try file(path, stateDict, in: object)
      return plan([file], stateDict, notes: (object?.notes ?? []) + leftOut(stateDict))
    }
    let files = try shards.parts.enumerated().map { index, part in
      try file(Shards.path(path, index: index, count: shards.parts.count), part, in: nil)
    }
    let stored = files.map { planned in
      Shards.Stored(
        file: String(planned.file.path.dropFirst(folder(of: path).count)), names: planned.stored,
        others: planned.recorded)
    }
    let index = (
      path: Shards.indexPath(path),
      bytes: shards.index(stateDict, stored: stored, provenance: options.provenance)
    )
    let hasMore = object.map { if case .stateDict = $0.root { false } else { true } } ?? false
    let notes = hasMore ? ["left out: everything beside the state dict, for which shards have no place"] : []
    return plan(files, stateDict, index: index, notes: notes)
  }

  /// A file, and what it stores.
  private struct Planned {
    let file: WritePlan.File
    let stored: [String]
    /// The names that it records as another's.
    var recorded: [String] = []
    let storageCount: Int
    let copied: [String]
  }

  private func plan(
    _ files: [Planned], _ stateDict: StateDict, index: (path: String, bytes: [UInt8])? = nil, notes: [String]
  ) -> WritePlan {
    var folder: String?
    if case .folder(let path) = destination { folder = path }
    let storageCount = files.reduce(0) { $0 + $1.storageCount }
    Log.debug(
      "\(path): planned \(stateDict.count) tensors in \(storageCount) storages, \(files.count) files as "
        + options.format.rawValue)
    return WritePlan(
      files: files.map(\.file), index: index, folder: folder, tensorCount: stateDict.count,
      storageCount: storageCount,
      aliasCount: stateDict.count - files.reduce(0) { $0 + $1.stored.count },
      copiedNames: files.flatMap(\.copied),
      payloadByteCount: files.reduce(0) { $0.adding(saturating: $1.file.output.payloadByteCount) },
      notes: notes)
  }

  /// What the format has no place for.
  private func leftOut(_ stateDict: StateDict) -> [String] {
    let keys = stateDict.metadata.filter { $0 != ("format", "pt") }.map(\.key.shownName)
    if options.format.holdsMetadata || keys.isEmpty { return [] }
    return ["left out: the metadata \(keys.summary), for which \(options.format.title) has no place"]
  }

  private func file(_ path: String, _ stateDict: StateDict, in object: PlainObject?) throws -> Planned {
    switch options.format {
    case .pytorchZip:
      let contents = try TorchWriter.plan(
        stateDict, in: object, provenance: options.provenance, keepsStorages: options.keepsStorages,
        name: path)
      return Planned(
        file: .init(
          path: path, output: contents.plan, expected: stateDict, place: object?.wrapper ?? []),
        stored: stateDict.names, storageCount: contents.storageCount, copied: [])
    case .safetensors:
      let contents = try SafetensorsWriter.contents(
        stateDict, shared: options.shared, provenance: options.provenance, name: path)
      return Planned(
        file: .init(path: path, output: contents.plan, expected: stateDict, place: []),
        stored: contents.stored, recorded: contents.recorded, storageCount: contents.stored.count,
        copied: contents.copied)
    case .npy:
      // The array of a file has no name.
      let expected = try StateDict(
        stateDict.entries.prefix(1).map { .init(name: NpyFile.arrayName, tensor: $0.tensor) })
      return arrays(path, try NumPyWriter.array(stateDict, name: path), stateDict, expected)
    case .npz:
      return arrays(path, try NumPyWriter.archive(stateDict, name: path), stateDict, stateDict)
    }
  }

  private func arrays(_ path: String, _ plan: OutputPlan, _ stateDict: StateDict, _ expected: StateDict)
    -> Planned
  {
    Planned(
      file: .init(path: path, output: plan, expected: expected, place: []), stored: stateDict.names,
      storageCount: stateDict.count, copied: stateDict.aliases.flatMap { $0 })
  }

  /// What a single file is called.
  private var path: String {
    switch destination {
    case .file(let path): path
    case .folder(let folder):
      (folder.hasSuffix("/") ? folder : folder + "/")
        + options.format.fileName
    case .standardOutput: "standard output"
    }
  }

  // MARK: Writing

  /// Writes what was planned.
  ///
  /// - Parameter progress: is told how many more bytes have been written, from any thread, and how many of tensors have
  ///   been compared where the options ask for a proof.
  /// - Throws: ``OutputExists``, `SystemError`, `Failure`, or what reading the tensors throws.
  ///   Nothing stands at the output's paths then that did not stand there before; standard output cannot take back what
  ///   it was given.
  /// - Parameter beforeCommit: what is still to be done before anything gets its name, and may forbid it.
  public func write(
    _ plan: WritePlan, progress: @escaping @Sendable (Int) -> Void = { _ in },
    beforeCommit: () throws -> Void = {}
  ) throws {
    if destination == .standardOutput {
      try plan.files.forEach { try StandardOutputSink().write($0.output, progress: progress) }
      return try beforeCommit()
    }
    if !options.replaces, let taken = plan.paths.first(where: pathExists) { throw OutputExists(path: taken) }
    let madeFolder = try plan.folder.map(makeFolder) ?? false
    do { try writeFiles(plan, progress, beforeCommit) } catch {
      if madeFolder, let folder = plan.folder { removeFolder(folder) }
      throw error
    }
  }

  /// Writes one of the planned files, under its name once it is whole.
  ///
  /// - Parameters:
  ///   - replacing: whether a file that stands there may be replaced.
  ///   - temporary: a folder of the same file system where it is written, with a slash at its end.
  public func write(
    _ place: Int, of plan: WritePlan, replacing: Bool, temporary: String? = nil,
    progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) throws {
    let file = plan.files[place]
    let output = try OutputFile(file.path, temporary: temporary)
    try output.validateSpace(for: file.output.byteCount)
    try output.write(file.output, workers: options.workers, progress: progress)
    if options.proves { try Proof.check(output.temporaryPath, file, progress: progress) }
    try commit(output, replacing: replacing)
  }

  /// Writes the index of a sharded checkpoint, which makes one of its files.
  public func writeIndex(of plan: WritePlan, replacing: Bool) throws {
    guard let index = plan.index else { return }
    let output = try OutputFile(index.path)
    try output.write(try OutputPlan([.init(MemoryPayload(index.bytes))]), workers: 1) { _ in }
    try commit(output, replacing: replacing)
  }

  private func commit(_ output: OutputFile, replacing: Bool) throws {
    if options.syncs { try output.synchronize() }
    do { try output.commit(replacing: replacing) } catch let error as SystemError {
      throw error.isAlreadyThere ? OutputExists(path: output.path) : error
    }
    if options.syncs {
      let folder = folder(of: output.path)
      try synchronize(folder: folder.isEmpty ? "." : folder)
    }
  }

  private func makeFolder(_ path: String) throws -> Bool {
    if isFolder(path) { return false }
    try createFolder(path)
    return true
  }

  private func writeFiles(
    _ plan: WritePlan, _ progress: @escaping @Sendable (Int) -> Void, _ beforeCommit: () throws -> Void
  ) throws {
    var outputs: [OutputFile] = []
    for file in plan.files {
      let output = try OutputFile(file.path)
      if outputs.isEmpty { try output.validateSpace(for: plan.byteCount) }
      outputs.append(output)
      try output.write(file.output, workers: options.workers, progress: progress)
      Log.debug(
        "\(file.path): \(file.output.byteCount) bytes in \(file.output.pieces.count) pieces, at \(output.temporaryPath)"
      )
      if options.proves { try Proof.check(output.temporaryPath, file, progress: progress) }
    }
    if let index = plan.index {
      // The index comes last: without it the shards are not yet a checkpoint.
      let output = try OutputFile(index.path)
      try output.write(try OutputPlan([.init(MemoryPayload(index.bytes))]), workers: 1) { _ in }
      outputs.append(output)
    }
    try beforeCommit()
    if options.syncs { for output in outputs { try output.synchronize() } }
    try uninterrupted { try OutputFile.commit(outputs, replacing: options.replaces) }
    if options.syncs, let path = plan.paths.first {
      let folder = folder(of: path)
      try synchronize(folder: folder.isEmpty ? "." : folder)
    }
  }
}

extension OutputFile {
  /// Gives several files their names, or none.
  fileprivate static func commit(_ outputs: [OutputFile], replacing: Bool) throws {
    var done: [String] = []
    for output in outputs {
      do { try output.commit(replacing: replacing) } catch {
        // What replaced another file cannot be undone; what is new can.
        if !replacing { for path in done { removeFile(path) } }
        if let error = error as? SystemError, error.isAlreadyThere { throw OutputExists(path: output.path) }
        throw error
      }
      done.append(output.path)
    }
  }
}

/// Something stands where the output would go.
public struct OutputExists: SutureError {
  public let path: String

  public init(path: String) { self.path = path }

  public var kind: FailureKind { .cannotWrite }
  public var place: FailurePlace { FailurePlace(file: path) }
  public var reason: String { "it exists already" }
  public var remedies: [Remedy] { [.setting("force", "replaces it"), "or choose another name"] }
}
