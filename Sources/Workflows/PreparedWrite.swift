public import SutureArchitectures
internal import SutureBytes
public import SutureCheckpoints
public import SutureJSON
internal import SutureSurgery
public import SutureTensors
internal import SutureText

/// A checkpoint that is ready to be written: everything about it is decided, and no tensor has been read.
public struct PreparedWrite: Sendable {
  public let request: WriteRequest
  /// What it was made of.
  public let checkpoint: Checkpoint
  /// What is written.
  public let stateDict: StateDict
  public let plan: WritePlan
  public let format: WriteOptions.Format
  let cast: DTypeCast?
  let writer: CheckpointWriter

  /// Prepares the writing of `stateDict`, which was made of `checkpoint`.
  ///
  /// - Parameters:
  ///   - others: other checkpoints that it was made of.
  ///   - steps: the records of what was done, for the provenance.
  ///   - key: the dict that was taken, where that was asked for.
  ///   - object: what the file is to hold beside the state dict.
  ///   - model: the model file that a file for a program is to hold.
  /// - Throws: `Failure` where the request contradicts itself, or the output is an input; what planning throws.
  public init(
    _ stateDict: StateDict, from checkpoint: Checkpoint, _ request: WriteRequest, others: [Checkpoint] = [],
    steps: [JSONValue] = [], key: String? = nil, object: PlainObject? = nil,
    model: ModelFile? = nil
  ) throws {
    let target = try WriteTarget(request)
    let (stateDict, cast) = try request.apply(to: stateDict, of: checkpoint)
    var options = WriteOptions(target.format)
    options.shared = request.shared ?? .copy
    options.maximumShardSize = request.maximumShardSize
    options.keepsStorages = request.keepsStorages
    (options.replaces, options.syncs, options.proves) = (request.replaces, request.syncs, request.proves)
    options.workers = request.workers
    if request.recordsProvenance {
      options.provenance = try request.provenance(of: checkpoint, steps, key: key)
    }
    writer = CheckpointWriter(target.destination, options)
    plan = try writer.plan(
      stateDict,
      in: try request.program.map { program throws(Failure) in try program.object(model) } ?? object)
    let expanded = ([checkpoint] + others).reduce(0) {
      $0.adding(saturating: $1.stateDict.expandedByteCount)
    }
    if min(expanded, plan.payloadByteCount) > Self.mostExpanded {
      throw Failure(
        .doesNotFit,
        "it would write \(Format.bytes(plan.payloadByteCount)), of views that repeat what they view: "
          + "\(Format.bytes(expanded)) in full",
        remedies: ["a .pth file keeps views, where no step computes with them"])
    }
    let inputs = ([checkpoint] + others).flatMap(\.files)
    for path in plan.paths where inputs.contains(where: { isSameFile($0, path) }) {
      throw Failure(
        .usage, "\(path) is the input itself",
        remedies: ["files are never edited in place: choose another name"])
    }
    (self.request, self.checkpoint, self.stateDict) = (request, checkpoint, stateDict)
    (format, self.cast) = (target.format, cast)
  }

  /// How much may be written of views that repeat what they view.
  private static let mostExpanded = 1 << 31

  /// Whether all of it stands there already, and is proven where the request asks for that.
  public func isThere() throws -> Bool { try plan.isThere() && (!request.proves || plan.isProven()) }

  /// What there is to say of it before it is written.
  public var report: WriteReport { WriteReport(self, seconds: nil) }

  /// Writes everything.
  ///
  /// - Throws: what ``CheckpointWriter/write(_:progress:beforeCommit:)`` throws; nothing has been written then.
  public func write() throws -> WriteReport {
    let meter = ProgressMeter(
      checkpoint.path,
      total: plan.payloadByteCount.adding(saturating: request.proves ? stateDict.byteCount : 0),
      request.progress)
    let start = CurrentProcess.seconds
    defer { meter.finish() }
    // What several outputs or threads have a part of is compared as it passes; nothing gets its name before all has.
    if request.verifies { checkpoint.verifyWhileReading() }
    try writer.write(plan) {
      meter.advance($0)
    } beforeCommit: {
      if request.verifies {
        try checkpoint.verifyRecords(beside: plan.storages + checkpoint.stateDict.storages)
      }
    }
    return WriteReport(self, seconds: CurrentProcess.seconds - start)
  }
}

extension WriteRequest {
  fileprivate func provenance(of checkpoint: Checkpoint, _ steps: [JSONValue], key: String?) throws
    -> Provenance
  {
    var provenance = checkpoint.provenance ?? Provenance()
    let options = (key.map { [("key", JSONValue.string($0))] } ?? []) + written(.provenance)
    var run = Provenance.Run(tool: SutureVersion.tool, steps: steps, options: .object(options))
    if hashes { run.sources = try hash(checkpoint) }
    provenance.runs.append(run)
    return provenance
  }

  private func hash(_ checkpoint: Checkpoint) throws -> [Provenance.Source] {
    let paths = checkpoint.files
    let files = try paths.map(checkpoint.isStandardInput ? openInput : openSource)
    let total = files.reduce(0) { $0.adding(saturating: $1.byteCount) }
    let meter = ProgressMeter(paths[0], total: total, progress)
    defer { meter.finish() }
    return try files.map { file in
      let digest = try SHA256.of(file) { meter.advance($0) }
      let name = String(file.name.dropFirst(folder(of: file.name).count))
      return .init(name: name, sha256: digest)
    }
  }
}

/// What was written, or would be.
public struct WriteReport: Sendable {
  /// The path of the input.
  public let input: String
  /// The dict of the input that was taken.
  public let wrapper: [String]
  /// The paths of all files, an index the last; none where they go to standard output.
  public let files: [String]
  public let tensorCount: Int
  public let storageCount: Int
  /// How many names stand in the metadata as another's.
  public let aliasCount: Int
  public let byteCount: Int
  /// What was cast to ``dtype``.
  public let cast: DTypeCast?
  /// Where numbers are cast or computed, by a step, a graft or ``dtype``.
  private let possibleOverflows: [Overflows]
  /// What the tensors were cast to.
  public let dtype: DType?
  /// What could not be kept of the rest of the file, or only as something simpler; a sentence each.
  public let notes: [String]
  /// Whether every tensor was read again and is what it should be.
  public let isProven: Bool
  /// How long writing took; `nil` where nothing has been written.
  public let seconds: Double?

  /// The file, the index of several, or what stands for standard output.
  public var output: String { files.last ?? "standard output" }

  /// Numbers that were too large for their dtype when they were cast or computed.
  public var overflows: [Overflows] { possibleOverflows.filter { $0.count > 0 } }

  fileprivate init(_ prepared: PreparedWrite, seconds: Double?) {
    let plan = prepared.plan
    (input, wrapper, files) = (prepared.checkpoint.path, prepared.checkpoint.wrapper, plan.paths)
    (tensorCount, storageCount) = (plan.tensorCount, plan.storageCount)
    (aliasCount, byteCount, notes) = (plan.aliasCount, plan.byteCount, plan.notes)
    (cast, dtype) = (prepared.cast, prepared.request.dtype)
    possibleOverflows = prepared.stateDict.possibleOverflows
    (isProven, self.seconds) = (prepared.request.proves && seconds != nil, seconds)
  }

  /// The schema `suture.convert/1`.
  public var json: JSONReport { JSONReport("suture.convert/1", object) }

  /// The keys that all reports of what was written have.
  package var object: JSONObject {
    var object: JSONObject = [
      "input": input, "output": output, "status": seconds == nil ? "planned" : "written", "wrapper": wrapper,
      "tensors": tensorCount, "storages": storageCount, "aliases": aliasCount, "bytes": byteCount,
      "files": files.count > 1 ? files : nil,
    ]
    if let cast { object["cast"] = cast.names.count }
    if !possibleOverflows.isEmpty {
      object["overflows"] = overflows.map {
        ["names": $0.names, "count": $0.count] as JSONObject
      }
    }
    if !notes.isEmpty { object["notes"] = notes }
    return object
  }
}

extension Plan {
  /// The SHA-256 of all that decides the bytes of what is written, but for those of the input's tensors.
  ///
  /// - Parameter output: how the plan is written; its ``Plan/digest`` alone counts where it is not.
  func digest(written output: PreparedWrite?) throws -> String {
    guard let output else { return try digest }
    var sum = try SHA256()
    // Another dict of the same file may have the same names and shapes.
    let wrapper = JSONWriter.text(.array(output.checkpoint.wrapper.map { .string($0) }))
    sum.update(Array("\(try digest)\n\(wrapper)\n\(try output.plan.digest)\n".utf8))
    return "sha256:" + sum.hexadecimal()
  }
}
