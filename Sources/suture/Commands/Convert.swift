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
      .flag("force", short: "f", "Replace OUT where it exists.", \.force),
      .flag("json", "Report as JSON on standard output.", \.json),
    ]
  }

  var input = ""
  var output: String?
  var key: String?
  var force = false
  var json = false

  mutating func run() throws -> ExitCode {
    let target = try OutputTarget(input: input, output: output, force: force)
    let checkpoint = try Checkpoint.open(input, key: key)
    Notes.opened(checkpoint)
    try checkpoint.requireTensors()
    try target.write(checkpoint.stateDict, from: checkpoint, json: json ? "suture.convert/1" : nil)
    return .done
  }
}
