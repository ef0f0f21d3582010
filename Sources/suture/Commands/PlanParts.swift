internal import SutureArchitectures
internal import SutureBytes
internal import SutureCheckpoints
internal import SutureSurgery
internal import SutureText
internal import SutureWorkflows

struct PlanParts: Command {
  static let name = "plan"
  static let writes = true
  static let summary =
    "Plan a conversion, or a recipe, that many machines do together: each writes some of the files."
  static let details = """
    The plan goes to standard output; suture apply does the parts of it, in any order, on any machines that see the same
    files. Together they write, byte for byte, what one suture convert or edit --recipe writes:
      suture plan run/global_step20 -o out/ --format safetensors --max-shard-size 5GB --parts 16 > plan.json
      suture apply plan.json --part 3/16        on each machine another part; auto takes it from the scheduler
      suture apply plan.json --missing          the parts that are not done, as sbatch --array takes them
      suture apply plan.json --finalize         when all are done
    With --out-dir each IN becomes DIR/NAME.safetensors, as of convert; --from0 - reads their names from standard input,
    as find -print0 gives them.
    The plan knows each input by its size and its time: one that was written since is refused.
    \(WritingOptions.details)
    """

  static var arguments: [Argument<Self>] {
    [
      .operands("IN", "The checkpoint, an index of a sharded one, or its folder.", \.inputs),
      .number("parts", "N", "How many parts there are.", in: 1...100_000, \.parts),
      .option("out-dir", "DIR", "Write each IN to this folder.", \.folder),
      .option(
        "from0", "FILE", "Take the names of inputs from a file, a NUL behind each; - is standard input.",
        \.names),
      .flag("keep-going", short: "k", "Leave out what cannot be opened, and say so.", \.keepsGoing),
      .option("recipe", "FILE", "Do the steps of a recipe in YAML or JSON.", \.recipe),
      .option("key", "PATH", "The dict to take instead of the one found; . takes every tensor.", \.key),
      .choice(
        "naming", placeholder: "SCHEME",
        "Name a ConvNeXt as \(NamingScheme.targets.map(\.rawValue).joined(separator: ", ")) would.", \.naming
      ),
      .limit(\.limits), .salvage(\.limits), .step(\.limits),
    ] + Argument.group(WritingOptions.arguments, \.writing)
  }

  var inputs: [String] = []
  var parts: Int?
  var folder: String?
  var names: String?
  var keepsGoing = false
  var recipe: String?
  var key: String?
  var naming: NamingScheme?
  var limits = ReadLimits()
  var writing = WritingOptions()

  mutating func run() throws -> ExitCode {
    guard let parts else { throw UsageError("say how many parts there are", hints: ["--parts 16"]) }
    if writing.dryRun { throw UsageError("a plan writes nothing anyway: leave --dry-run out") }
    if let names { inputs += try InputNames.read(names) }
    var work = PartedWork(writing.request)
    (work.key, work.naming, work.limits) = (key, naming, limits)
    work.recipe = try recipe.map { try Recipe(try Edit.readText($0), name: $0) }
    try work.request.fill(from: work.recipe?.output ?? WriteRecord())
    var failures: [ExitCode] = []
    let plan = try PartPlan(work, of: try pairs(work.request), parts: parts) { event in
      if case .opened(let checkpoint, let keepsExtras) = event, inputs.count == 1 {
        Notes.opened(checkpoint, keepsExtras: keepsExtras)
      }
    } failed: { input, error in
      guard keepsGoing else { throw error }
      let diagnosis = Diagnosis(error)
      Console.error(diagnosis)
      failures.append(diagnosis.code)
    }
    if plan.jobs.isEmpty { return failures.first ?? .done }
    tell(plan)
    try Console.print(plan.json)
    return failures.isEmpty ? .done : .negative
  }

  private func pairs(_ request: WriteRequest) throws -> [(input: String, output: String)] {
    guard let first = inputs.first else { throw UsageError("say what to convert: a checkpoint") }
    if let folder {
      guard request.output.isEmpty else { throw UsageError("-o and --out-dir exclude each other") }
      return try Batch(of: inputs, into: folder, like: Conversion(of: "", request)).pairs
    }
    guard inputs.count == 1 else {
      throw UsageError(
        "there are \(inputs.count) inputs and one output", hints: ["--out-dir DIR writes many files"])
    }
    return [(first, request.output)]
  }

  private func tell(_ plan: PartPlan) {
    let files = plan.jobs.reduce(0) { $0 + $1.files.count }
    let loads = plan.loads
    Console.note(
      "plan   \(Format.plural(files, "file")), \(Format.bytes(loads.reduce(0, +))), in \(Format.plural(plan.parts, "part")) "
        + "of up to \(Format.bytes(loads.max() ?? 0))")
    let idle = loads.count { $0 == 0 }
    if idle > 0 {
      Console.warning(
        "\(Format.plural(idle, "part")) \(idle == 1 ? "has" : "have") nothing to do: there are as many files as parts with "
          + "a smaller --max-shard-size")
    }
  }
}

/// The names of inputs, a NUL behind each.
enum InputNames {
  static func read(_ path: String) throws -> [String] {
    let file = try openInput(path)
    let bytes = try file.bytes(0..<file.byteCount)
    return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
  }
}
