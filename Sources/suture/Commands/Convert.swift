internal import Bytes
internal import Checkpoints
internal import Tensors

struct Convert: Command {
  static let name = "convert"
  static let summary = "Write a checkpoint in another format: .pth to .safetensors and back."
  static let details = """
    The output's format is told by its extension: .safetensors, or .pth, .pt, .bin, .ckpt for PyTorch's.
    A .pth keeps tensors that share storage; a .safetensors holds each in full.
    """

  static var arguments: [Argument<Self>] {
    [
      .operand("IN", "The checkpoint.", \.input),
      .option("output", short: "o", "OUT", "Where to write.", \.output),
      .option("key", "PATH", "The dict to take instead of the one found; . takes every tensor.", \.key),
      .option("sparse", "dense", "Write sparse tensors with all their zeros.", \.sparse),
      .flag("force", short: "f", "Replace OUT where it exists.", \.force),
      .limit(\.limits),
      .flag("json", "Report as JSON on standard output.", \.json),
    ]
  }

  var input = ""
  var output: String?
  var key: String?
  var sparse: String?
  var force = false
  var limits = ReadLimits()
  var json = false

  mutating func run() throws -> ExitCode {
    if let sparse, sparse != "dense" {
      throw UsageError("--sparse \(sparse) is not known", hints: ["--sparse dense writes all zeros out"])
    }
    let target = try OutputTarget(input: input, output: output, force: force)
    let checkpoint = try Checkpoint.open(input, key: key, limits: limits)
    Notes.opened(checkpoint)
    try checkpoint.requireTensors()
    let stateDict = sparse == nil ? checkpoint.stateDict : try dense(checkpoint)
    try target.write(stateDict, from: checkpoint, json: json ? "suture.convert/1" : nil)
    return .done
  }

  private func dense(_ checkpoint: Checkpoint) throws -> StateDict {
    var result = StateDict()
    result.metadata = checkpoint.stateDict.metadata
    for entry in checkpoint.stateDict.entries {
      do { try result.append(entry.name, try entry.tensor.dense()) } catch let error as TensorError {
        throw CheckpointError(
          checkpoint.path, "\(entry.name) is a \(entry.tensor.layout.name ?? "") tensor, and \(error)",
          kind: .unstorable)
      }
    }
    return result
  }
}
