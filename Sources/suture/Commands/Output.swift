internal import SutureBytes
internal import SutureCheckpoints
internal import SutureJSON
internal import SutureSurgery
internal import SutureTensors
internal import SutureWorkflows

/// Where a command writes and how, checked before any work is done.
struct Output {
  let writing: Writing
  let destination: Destination
  let format: WriteOptions.Format
  /// How many threads work on one file.
  var workers = processorCount
  /// Whether a file that stands there may be replaced.
  var replaces: Bool

  init(_ writing: Writing) throws {
    guard let output = writing.output else { throw UsageError("say where to write: -o OUT") }
    switch output {
    case "-": destination = .standardOutput
    case let path where path.hasSuffix("/") || isFolder(path): destination = .folder(path)
    default: destination = .file(output)
    }
    let told = destination == .file(output) ? WriteOptions.Format(path: output) : nil
    guard let format = writing.format ?? told else {
      throw UsageError(
        "cannot tell the format of \(output) from its name",
        hints: [
          "use .safetensors, or .pth, .pt, .bin or .ckpt for PyTorch's format; or say --format safetensors or pth"
        ])
    }
    self.format = format
    self.writing = writing
    replaces = writing.force
    try check()
  }

  private func check() throws {
    if destination == .standardOutput {
      let impossible = [
        (writing.json, "json"), (writing.proves, "proof"), (writing.syncs, "sync"),
        (writing.maximumShardSize != nil, "max-shard-size"),
      ]
      if let option = impossible.first(where: \.0)?.1 {
        throw UsageError("--\(option) does not go with standard output", hints: ["name a file: -o OUT"])
      }
      if StandardStream.output.isTerminal {
        throw UsageError(
          "standard output is a terminal, and the file is binary", hints: ["pipe it, or name a file: -o OUT"])
      }
    }
    if writing.program == .yolov5 {
      guard case .file(let path) = destination, path.hasSuffix(".pt"), writing.maximumShardSize == nil else {
        throw UsageError("YOLOv5 takes one file whose name ends in .pt", hints: ["--as yolov5 -o weights.pt"])
      }
      if writing.extras == .keep {
        throw UsageError("--as yolov5 has its own values beside the weights, so --extras keep cannot be")
      }
    }
    if format == .safetensors {
      if writing.extras == .keep {
        throw UsageError(
          "a .safetensors holds tensors only, so --extras keep cannot be", hints: ["write a .pth"])
      }
      if writing.keepsStorages {
        throw UsageError(
          "a .safetensors has no storages to keep", hints: ["write a .pth, or leave --keep-storages away"])
      }
    } else if let shared = writing.shared, shared != .copy {
      throw UsageError(
        "--shared \(shared.rawValue) is for .safetensors",
        hints: ["a .pth keeps sharing as it is: leave it away"])
    }
    if !writing.keptDTypes.isEmpty, writing.dtype == nil {
      throw UsageError("--keep-dtype needs --dtype: it says what is not cast")
    }
  }

  /// Opens a checkpoint that is to be written anew.
  func open(_ path: String, key: String?, limits: ReadLimits) throws -> Checkpoint {
    var limits = limits
    limits.verifies = !writing.skipsVerification
    return try Checkpoint.open(path, key: key, limits: limits)
  }

  /// Whether everything beside the state dict goes on, where someone who says nothing would have it so.
  func keepsExtras(unlessTold isUsual: Bool) -> Bool {
    format == .pytorchZip && writing.maximumShardSize == nil
      && (writing.extras.map { $0 == .keep } ?? isUsual)
  }

  /// Prepares the writing of `stateDict`, which was made of `checkpoint`.
  ///
  /// - Parameters:
  ///   - steps: the records of what was done, for the provenance.
  ///   - key: the dict that was taken, where that was asked for.
  ///   - object: what the file is to hold beside the state dict.
  func prepare(
    _ stateDict: StateDict, from checkpoint: Checkpoint, steps: [JSONValue], key: String?,
    object: PlainObject?
  ) throws -> PreparedOutput {
    var stateDict = stateDict
    var recorded: [(key: String, value: JSONValue)] = key.map { [("key", .string($0))] } ?? []
    if writing.sparse == .dense {
      stateDict = try dense(stateDict, checkpoint)
      recorded.append(("sparse", "dense"))
    }
    var cast: DTypeCast?
    if let dtype = writing.dtype {
      let kept = try writing.keptDTypes.map { try Pattern($0) }
      try requireMatches(kept, stateDict)
      let done = try stateDict.cast(to: dtype) { name in kept.contains { $0.matches(name) } }
      stateDict = done.stateDict
      cast = done
      recorded.append(("dtype", .string(dtype.rawValue)))
      if !kept.isEmpty { recorded.append(("keep-dtype", .array(kept.map { .string($0.text) }))) }
    }
    editMetadata(of: &stateDict)
    if !writing.metadata.isEmpty {
      let pairs = writing.metadata.map { ($0.key, $0.value.map { JSONValue.string($0) } ?? .null) }
      recorded.append(("metadata", .object(pairs)))
    }
    if let program = writing.program { recorded.append(("as", .string(program.rawValue))) }

    var options = WriteOptions(format)
    options.shared = writing.shared ?? .copy
    options.maximumShardSize = writing.maximumShardSize
    options.keepsStorages = writing.keepsStorages
    (options.replaces, options.syncs, options.proves) = (replaces, writing.syncs, writing.proves)
    options.workers = workers
    if !writing.leavesOutProvenance { options.provenance = try provenance(of: checkpoint, steps, recorded) }

    let writer = CheckpointWriter(destination, options)
    let plan = try writer.plan(stateDict, in: writing.program == .yolov5 ? .yolov5 : object)
    for path in plan.paths {
      if checkpoint.files.contains(where: { isSameFile($0, path) }) {
        throw UsageError(
          "\(path) is the input itself", hints: ["files are never edited in place: choose another name"])
      }
    }
    return PreparedOutput(
      writer: writer, plan: plan, stateDict: stateDict, checkpoint: checkpoint, cast: cast,
      writing: writing)
  }

  private func dense(_ stateDict: StateDict, _ checkpoint: Checkpoint) throws -> StateDict {
    var result = StateDict()
    result.metadata = stateDict.metadata
    for entry in stateDict.entries {
      do { try result.append(entry.name, try entry.tensor.dense()) } catch let error as TensorError {
        throw CheckpointError(
          checkpoint.path, "\(entry.name) is a \(entry.tensor.layout.name ?? "") tensor, and \(error)",
          kind: .unstorable)
      }
    }
    return result
  }

  private func requireMatches(_ patterns: [Pattern], _ stateDict: StateDict) throws {
    for pattern in patterns where !stateDict.names.contains(where: pattern.matches) {
      throw UsageError(
        "--keep-dtype \"\(pattern.text)\" fits no name",
        hints: pattern.suggestions(among: stateDict.names))
    }
  }

  private func editMetadata(of stateDict: inout StateDict) {
    for (key, value) in writing.metadata {
      let place = stateDict.metadata.firstIndex { $0.key == key }
      switch (place, value) {
      case (let place?, let value?): stateDict.metadata[place].value = value
      case (let place?, nil): stateDict.metadata.remove(at: place)
      case (nil, let value?): stateDict.metadata.append((key, value))
      case (nil, nil): break
      }
    }
  }

  private func provenance(
    of checkpoint: Checkpoint, _ steps: [JSONValue], _ options: [(key: String, value: JSONValue)]
  ) throws -> Provenance {
    var provenance = checkpoint.provenance ?? Provenance()
    var run = Provenance.Run(
      tool: "suture \(SutureVersion.text)", steps: steps, options: .object(options))
    if writing.hashes { run.sources = try hash(checkpoint.files) }
    provenance.runs.append(run)
    return provenance
  }

  private func hash(_ paths: [String]) throws -> [Provenance.Source] {
    let files = try paths.map { try FileSource($0) }
    let progress = Progress(
      total: files.reduce(0) { $0.adding(saturating: $1.byteCount) }, file: paths[0],
      style: writing.progress ?? .auto)
    defer { progress.finish() }
    return try files.map { file in
      let storage = Storage(file, offset: 0, byteCount: file.byteCount, label: file.name)
      var digest = SHA256()
      try storage.forEachChunk { buffer, count in
        digest.update(buffer, count: count)
        progress.advance(count)
      }
      let name = String(file.name.dropFirst(folder(of: file.name).count))
      return .init(name: name, sha256: digest.hexadecimal())
    }
  }
}
