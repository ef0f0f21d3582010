internal import SutureBytes
internal import SutureCheckpoints
internal import SutureSurgery
internal import SutureTensors
internal import SutureText
internal import SutureWorkflows

struct Why: Command {
  static let name = "why"
  static let pages = true
  static let summary =
    "Tell where a tensor came from: the runs and steps that made it, and its name before each."
  static let details = """
    The answer is that of the provenance in the file, which suture writes unless --no-provenance forbids it. Steps are
    followed backwards from the name; where a step may have made it of several, all are shown. Exit code 1 where the
    file says nothing of where it came from.
    """

  static var arguments: [Argument<Self>] {
    [
      .operand("FILE", "The checkpoint.", \.file), .operand("KEY", "The whole name of a tensor.", \.tensor),
      .option("key", "PATH", "The dict to enter instead of the one found; . takes every tensor.", \.key),
      .limit(\.limits),
      .salvage(\.limits), .step(\.limits),
      .flag("json", "Print JSON.", \.json),
    ]
  }

  var file = ""
  var tensor = ""
  var key: String?
  var limits = ReadLimits()
  var json = false

  mutating func run() throws -> ExitCode {
    let checkpoint = try Checkpoint.open(file, key: key, limits: limits)
    try checkpoint.requireTensors()
    guard let view = checkpoint.stateDict[tensor] else {
      let near = Spelling.nearest(to: tensor, among: checkpoint.stateDict.names)
      throw UsageError(
        "\(file) has no tensor \"\(tensor)\"",
        hints: [near.map { "did you mean \($0)?" } ?? "suture inspect lists the names"])
    }
    let report = WhyReport(checkpoint: checkpoint, name: tensor, tensor: view)
    if json {
      try Console.print(report.json)
    } else {
      try Console.print(report.lines)
    }
    return report.runs.isEmpty ? .negative : .done
  }
}
