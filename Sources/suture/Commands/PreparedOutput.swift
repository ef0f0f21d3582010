internal import SutureBytes
internal import SutureCheckpoints
internal import SutureJSON
internal import SutureTensors

/// A checkpoint that is ready to be written: everything about it is decided.
struct PreparedOutput {
  let writer: CheckpointWriter
  let plan: WritePlan
  let stateDict: StateDict
  let checkpoint: Checkpoint
  let cast: DTypeCast?
  let writing: Writing

  /// Says what writing will cost or lose, before it does.
  func announce(say: (String) -> Void = Console.note) {
    let copied = plan.copiedNames.count
    if copied > 0, writer.options.format == .safetensors {
      let why =
        writer.options.shared == .alias
        ? "share bytes in a way that the metadata cannot tell"
        : "share storage with another; safetensors cannot"
      say(
        "copy   \(Format.plural(copied, "name")) of \(Format.count(plan.tensorCount)) \(why): each is written in full, "
          + "\(Format.bytes(plan.payloadByteCount)) instead of \(Format.bytes(plan.storedByteCount))")
    }
    if plan.aliasCount > 0 {
      say("alias  \(Format.plural(plan.aliasCount, "name")) recorded in the metadata as another's")
    }
    for note in plan.notes.prefix(Self.mostNotes) { say("       \(note)") }
    if plan.notes.count > Self.mostNotes {
      say("       … \(plan.notes.count) in all; suture inspect --extras lists what there is")
    }
  }

  private static let mostNotes = 8

  /// Says what would be written where.
  func describe(say: (String) -> Void = Console.note) {
    announce(say: say)
    say(
      "plan   \(Format.plural(plan.tensorCount, "tensor")) in \(Format.plural(max(plan.paths.count, 1), "file")), "
        + "\(Format.bytes(plan.byteCount))")
    for path in plan.paths.prefix(20) { say("       \(path)") }
    say("plan   nothing is written: this is a dry run")
  }

  /// Whether all of it stands there already.
  func isThere() throws -> Bool { try plan.isThere() && (!writing.proves || plan.isProven()) }

  /// Writes everything.
  ///
  /// - Returns: what is said of it when it is done.
  func write(say: (String) -> Void = Console.note) throws -> WriteReport {
    announce(say: say)
    let progress = Progress(
      total: plan.payloadByteCount.adding(saturating: writing.proves ? stateDict.byteCount : 0),
      file: checkpoint.path, style: writing.progress ?? .auto)
    let start = CurrentProcess.seconds
    defer { progress.finish() }
    try writer.write(plan) {
      progress.advance($0)
    } beforeCommit: {
      if !writing.skipsVerification {
        try checkpoint.verifyRecords(beside: plan.storages + checkpoint.stateDict.storages)
      }
    }
    return WriteReport(self, seconds: CurrentProcess.seconds - start)
  }
}

/// What was written.
struct WriteReport {
  private let output: PreparedOutput
  private let seconds: Double

  init(_ output: PreparedOutput, seconds: Double) { (self.output, self.seconds) = (output, seconds) }

  private var place: String {
    let paths = output.plan.paths
    return paths.isEmpty ? "standard output" : paths.count == 1 ? paths[0] : paths[paths.count - 1]
  }

  /// A line, and others that a careful reader should see.
  func lines() -> [String] {
    let plan = output.plan
    let files = plan.paths.count > 1 ? "\(Format.plural(plan.paths.count - 1, "shard")), " : ""
    var lines = [
      "write  \(place)  \(files)\(Format.plural(plan.tensorCount, "tensor")), "
        + "\(Format.plural(plan.storageCount, "storage")), \(Format.bytes(plan.byteCount)), "
        + "\(Format.decimal(seconds, places: 2)) s\(output.writing.proves ? ", proven" : "")"
    ]
    let overflows = output.cast?.overflows ?? []
    if let first = overflows.first, let dtype = output.writing.dtype {
      let count = overflows.reduce(0) { $0 + $1.count }
      lines.append(
        Console.paint("warning: ", .yellow)
          + "\(Format.plural(count, "number")) too large for \(dtype) became \(Self.overflowed(dtype)), the first in "
          + Format.name(first.names[0]))
    }
    return lines
  }

  private static func overflowed(_ dtype: DType) -> String {
    switch dtype {
    case .float8_e4m3fn: "448, the largest there is"
    case .float8_e4m3fnuz, .float8_e5m2fnuz, .float8_e8m0fnu: "NaN"
    default: "infinite"
    }
  }

  /// The report for programs.
  func json(schema: String) -> JSONValue {
    let plan = output.plan
    var members: [(key: String, value: JSONValue)] = [
      ("schema", .string(schema)), ("input", .string(output.checkpoint.path)), ("output", .string(place)),
      ("status", "written"), ("wrapper", .array(output.checkpoint.wrapper.map { .string($0) })),
      ("tensors", .integer(plan.tensorCount)), ("storages", .integer(plan.storageCount)),
      ("aliases", .integer(plan.aliasCount)), ("bytes", .integer(plan.byteCount)),
    ]
    if plan.paths.count > 1 { members.append(("files", .array(plan.paths.map { .string($0) }))) }
    if let cast = output.cast {
      members.append(("cast", .integer(cast.names.count)))
      members.append(
        (
          "overflows",
          .array(
            cast.overflows.map {
              ["names": .array($0.names.map { .string($0) }), "count": .integer($0.count)]
            })
        ))
    }
    if !plan.notes.isEmpty { members.append(("notes", .array(plan.notes.map { .string($0) }))) }
    return .object(members)
  }
}
