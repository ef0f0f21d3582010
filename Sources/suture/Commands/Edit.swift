internal import SutureBytes
internal import SutureCheckpoints
internal import SutureJSON
internal import SutureSurgery
internal import SutureTensors
internal import SutureText

struct Edit: Command {
  static let name = "edit"
  static let writes = true
  static let summary = "Surgery: drop, rename, replicate, join, cut, cast and compute tensors."
  static let details = """
    Steps run in the order given. Every pattern must match, no two names may collide, and every tensor of the input is
    accounted for, or nothing is written. Put patterns in quotes, so that the shell leaves them alone.

    The job it was made for:
      suture edit convnext_tiny_1k_224_ema.pth -o backbone.pth \\
        --drop 'norm*' --drop 'head*' --replicate 'model.{0..3}.' --expect 712

    A recipe holds the same steps in YAML or JSON; --save-recipe writes what the flags said:
      recipe: 1
      steps:
        - drop: ["norm*", "head*"]
        - replicate: "model.{0..3}."
      expect: {out: 712}

    \(Writing.details)
    A .pth holds the state dict alone; --extras keep leaves it where it was, with everything beside it as plain data.
    """

  static var arguments: [Argument<Self>] {
    [.operand("IN", "The checkpoint.", \.input)] + stepArguments
      + [
        .flag("allow-unmatched", "Let steps match nothing.", \.allowsUnmatched),
        .number("expect", "N", "Refuse unless N tensors come out.", \.expectation.output),
        .option(
          "digest", "DIGEST", "Refuse unless the plan has this digest, which --dry-run tells.", \.digest),
        .option(
          "save-recipe", "FILE", "Write what the flags say as a recipe, .yaml or .json.", \.savedRecipe),
        .option("key", "PATH", "The dict to take instead of the one found; . takes every tensor.", \.key),
        .flag("dry-run", short: "n", "Print the plan and write nothing.", \.dryRun),
        .limit(\.limits),
      ] + Argument.group(Writing.arguments, \.writing)
  }

  var input = ""
  var steps: [any Step] = []
  var expectation = PlanExpectation()
  var allowsUnmatched = false
  var digest: String?
  var savedRecipe: String?
  var recipeKey: String?
  var recipeOutput = WriteRecord()
  var key: String?
  var dryRun = false
  var limits = ReadLimits()
  var writing = Writing()

  mutating func run() throws -> ExitCode {
    if steps.isEmpty, recipeOutput.isEmpty {
      throw UsageError("there is nothing to do", hints: ["give a step, such as --drop 'head*'"])
    }
    if allowsUnmatched { steps = steps.map { $0 is Optionally ? $0 : Optionally($0) } }
    key = key ?? recipeKey
    try applyRecipeOutput()
    let output = dryRun && writing.output == nil ? nil : try Output(writing)
    let checkpoint =
      try output?.open(input, key: key, limits: limits) ?? Checkpoint.open(input, key: key, limits: limits)
    // The optimizer's state would not fit the weights any more, so nobody has it unless they say so.
    let keepsExtras = output?.keepsExtras(unlessTold: false) ?? false
    Notes.opened(checkpoint, keepsExtras: keepsExtras)
    try checkpoint.requireTensors()
    let plan = try Plan(
      of: checkpoint.stateDict, steps: steps, expecting: expectation, with: inputs(checkpoint))
    let report = PlanReport(plan: plan, checkpoint: checkpoint)
    report.say(atMost: dryRun ? 200 : 12)
    try require(plan)
    if let savedRecipe { try save(recipe(), to: savedRecipe) }
    var object = keepsExtras ? try checkpoint.plainObject(keepsStructure: false) : nil
    if plan.stripsOptimizer { object = object?.without(StripOptimizer.names) }
    let prepared = try output?.prepare(
      plan.output, from: checkpoint, steps: plan.reports.map { .string($0.summary) }, key: key, object: object
    )
    if dryRun {
      Console.note("digest \(plan.digest)")
      prepared?.describe()
      if prepared == nil { Console.note("plan   nothing is written: this is a dry run") }
      if writing.json {
        let value = report.json(space: prepared?.plan.byteCount)
        try Console.print(JSONWriter.text(value, style: .pretty) + "\n")
      }
      return .done
    }
    if let done = try prepared?.write() {
      for line in done.lines() { Console.note(line) }
      warn(plan.casts)
      if writing.json {
        let members = (done.json(schema: "suture.edit/1").members ?? []) + [("digest", .string(plan.digest))]
        try Console.print(JSONWriter.text(.object(members)) + "\n")
      }
    }
    return .done
  }

  private func require(_ plan: Plan) throws {
    guard let digest, digest != plan.digest else { return }
    throw PlanDiffers(expected: digest, found: plan.digest)
  }

  /// What steps may ask for beside the state dict.
  private func inputs(_ checkpoint: Checkpoint) -> Inputs {
    var inputs = Inputs()
    inputs.siblings = checkpoint.candidates.map(\.path)
    inputs.extras = checkpoint.extras.map(\.path)
    inputs.wrapper = checkpoint.wrapper.joined(separator: ".")
    var limits = limits
    limits.verifies = !writing.skipsVerification
    inputs.sibling = { [input, limits] path in
      try Checkpoint.open(input, key: path, limits: limits).stateDict
    }
    inputs.checkpoint = { [key, limits] path in
      let other = try Checkpoint.open(path, key: key, limits: limits)
      try other.requireTensors()
      return other.stateDict
    }
    return inputs
  }
}

/// Numbers that a cast could not keep; known once they have been read.
func warn(_ casts: [DTypeCast]) {
  for (names, count) in casts.flatMap(\.overflows) {
    Console.warning(
      "\(Format.plural(count, "number")) too large for the new dtype in \(Format.name(names[0]))")
  }
}

/// The plan is another one than the one that was agreed to.
struct PlanDiffers: SutureError {
  let expected: String
  let found: String

  var kind: FailureKind { .refused }
  var reason: String { "the plan has the digest \(found), not \(expected)" }
  var remedies: [Remedy] { [.setting("dry-run", "shows it")] }
}
