internal import SutureArchitectures
internal import SutureBytes
internal import SutureCheckpoints
internal import SutureJSON
internal import SutureSurgery
internal import SutureTensors

struct Convert: Command {
  static let name = "convert"
  static let writes = true
  static let summary =
    "Write checkpoints in another format: .pth to .safetensors and back, sharded or in one file."
  static let details = """
    \(Writing.details)
    A .pth keeps everything beside the state dict as plain data, unless --key or --extras drop says otherwise: objects
    become dicts of their attributes, and what cannot be plain is told and left out.
    With --out-dir each IN becomes DIR/NAME.safetensors, a .safetensors DIR/NAME.pth, unless --format says otherwise.
    What is there and whole is skipped, so the same line may be run again. After a failure --keep-going goes on with
    the others, and the exit code is 1.
    """

  static var arguments: [Argument<Self>] {
    [
      .operands("IN", "The checkpoint, an index of a sharded one, or its folder.", \.inputs),
      .option("out-dir", "DIR", "Write each IN to this folder.", \.folder),
      .number("jobs", short: "j", "N", "Work on N files at once.", in: 1...1024, \.jobs),
      .flag("keep-going", short: "k", "Go on with the others after a failure.", \.keepsGoing),
      .option("key", "PATH", "The dict to take instead of the one found; . takes every tensor.", \.key),
      .naming { $0.naming = $1 },
      .flag("dry-run", short: "n", "Say what would be written, and write nothing.", \.dryRun),
      .limit(\.limits),
    ] + Argument.group(Writing.arguments, \.writing)
  }

  var inputs: [String] = []
  var folder: String?
  var jobs = 1
  var keepsGoing = false
  var key: String?
  var naming: NamingScheme?
  var dryRun = false
  var limits = ReadLimits()
  var writing = Writing()

  mutating func run() throws -> ExitCode {
    guard let first = inputs.first else { throw UsageError("say what to convert: a checkpoint") }
    if let folder {
      guard writing.output == nil else { throw UsageError("-o and --out-dir exclude each other") }
      return try ConvertBatch(self, into: folder).run()
    }
    guard inputs.count == 1 else {
      throw UsageError(
        "there are \(inputs.count) inputs and one output", hints: ["--out-dir DIR converts many files"])
    }
    let output = try Output(writing)
    let prepared = try prepare(first, output, say: Console.note)
    if dryRun {
      prepared.describe()
      return .done
    }
    let report = try prepared.write()
    for line in report.lines() { Console.note(line) }
    if writing.json { try Console.print(JSONWriter.text(report.json(schema: Self.schema)) + "\n") }
    return .done
  }

  static let schema = "suture.convert/1"

  /// Opens `input` and decides how it is written.
  func prepare(_ input: String, _ output: Output, say: (String) -> Void) throws -> PreparedOutput {
    let checkpoint = try output.open(input, key: key, limits: limits)
    let keepsExtras = output.keepsExtras(unlessTold: key == nil)
    Notes.opened(checkpoint, keepsExtras: keepsExtras, say: say)
    try checkpoint.requireTensors()
    // A tensor under a new name has no place of its own in what is beside it.
    let object = keepsExtras ? try checkpoint.plainObject(keepsStructure: naming == nil) : nil
    var (stateDict, steps): (StateDict, [JSONValue]) = (checkpoint.stateDict, [])
    if let naming {
      let plan = try Plan(of: stateDict, steps: [AdoptNaming(naming)])
      for report in plan.reports {
        say("name   \(report.summary): \(Format.plural(report.matched, "key"))")
        for note in report.notes { say("       \(note)") }
      }
      stateDict = plan.output
      steps += plan.reports.map { .string($0.summary) }
    }
    return try output.prepare(stateDict, from: checkpoint, steps: steps, key: key, object: object)
  }
}
