internal import Bytes
internal import Checkpoints
internal import JSON
internal import Tensors

/// Where a command writes, checked before any work is done.
struct OutputTarget {
  let path: String
  private let writer: CheckpointWriter

  init(input: String, output: String?, force: Bool) throws {
    guard let output else { throw UsageError("say where to write: -o OUT") }
    guard let format = CheckpointWriter.Format(path: output) else {
      throw UsageError(
        "cannot tell the format of \(output) from its name",
        hints: ["use .safetensors, or .pth, .pt, .bin or .ckpt for PyTorch's format"])
    }
    if isSameFile(input, output) {
      throw UsageError(
        "IN and OUT are the same file", hints: ["files are never edited in place: choose another name"])
    }
    if !force, pathExists(output) { throw OutputExists(path: output) }
    path = output
    writer = CheckpointWriter(output, format: format, replacing: force)
  }

  /// Says what safetensors will do to shared storages, before it does it.
  func announceCopies(_ stateDict: StateDict) {
    guard writer.format == .safetensors else { return }
    let stored = stateDict.storages.reduce(0) { $0 &+ $1.byteCount }
    let names = stateDict.aliases.reduce(0) { $0 + $1.count - 1 }
    guard names > 0 else { return }
    Console.note(
      "copy   \(Format.plural(names, "name")) of \(Format.count(stateDict.count)) share storage with another; safetensors "
        + "cannot: each is written in full, \(Format.bytes(stateDict.byteCount)) instead of \(Format.bytes(stored))"
    )
  }

  func write(_ stateDict: StateDict, from checkpoint: Checkpoint, json schema: String?) throws {
    announceCopies(stateDict)
    let progress = Progress(total: writer.payloadByteCount(stateDict))
    let start = Process.seconds
    let size = try writer.write(stateDict) { progress.advance($0) }
    progress.finish()
    if writer.format == .pytorchZip, !stateDict.metadata.isEmpty {
      Console.warning(
        "a .pth has no place for the metadata: \(stateDict.metadata.map(\.key).joined(separator: ", "))")
    }
    let storages = writer.format == .safetensors ? stateDict.count : stateDict.storages.count
    Console.note(
      "write  \(path)  \(Format.plural(stateDict.count, "tensor")), \(Format.plural(storages, "storage")), "
        + "\(Format.bytes(size)), \(Format.decimal(Process.seconds - start, places: 2)) s")
    guard let schema else { return }
    let report = JSONValue.object([
      ("schema", .string(schema)), ("input", .string(checkpoint.path)), ("output", .string(path)),
      ("wrapper", .array(checkpoint.wrapper.map { .string($0) })), ("tensors", .integer(stateDict.count)),
      ("storages", .integer(storages)), ("bytes", .integer(size)),
    ])
    try Console.print(JSONWriter.text(report) + "\n")
  }
}

/// What is said about every file that is opened.
enum Notes {
  static func opened(_ checkpoint: Checkpoint) {
    let dict = checkpoint.stateDict
    Console.note(
      "read   \(checkpoint.path)  \(checkpoint.container.rawValue)\(place(checkpoint)): "
        + "\(Format.plural(dict.count, "tensor")), \(Format.count(dict.elementCount)) elements, "
        + Format.bytes(dict.byteCount))
    for candidate in checkpoint.candidates { Console.note("       not taken: \(offer(candidate))") }
    if !checkpoint.extras.isEmpty {
      Console.note(
        "       left out: \(Format.plural(checkpoint.extras.count, "value")) that are not in the state dict "
          + "(suture inspect --extras lists them)")
    }
    for warning in checkpoint.warnings { Console.warning(warning) }
  }

  static func place(_ checkpoint: Checkpoint) -> String {
    checkpoint.wrapper.isEmpty ? "" : ", weights under \"\(checkpoint.wrapper.joined(separator: "."))\""
  }

  static func offer(_ candidate: Checkpoint.Candidate) -> String {
    "\(candidate.path) (\(Format.plural(candidate.tensorCount, "tensor"))); --key \(candidate.path) takes it"
  }
}
