internal import SutureBytes
internal import SutureCheckpoints
internal import SutureSurgery
internal import SutureWorkflows

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

    \(WritingOptions.details)
    A .pth holds the state dict alone; --extras keep leaves it where it was, with everything beside it as plain data.
    """

  static var arguments: [Argument<Self>] {
    [.operand("IN", "The checkpoint: a file, an address, or a name of fetch --list.", \.editing.input)]
      + stepArguments
      + [
        .flag("allow-unmatched", "Let steps match nothing.", \.editing.allowsUnmatched),
        .number("expect", "N", "Refuse unless N tensors come out.", \.editing.expectation.output),
        .option(
          "digest", "DIGEST", "Refuse unless the plan has this digest, which --dry-run tells.",
          \.editing.digest),
        .option(
          "save-recipe", "FILE", "Write what the flags say as a recipe, .yaml or .json.", \.savedRecipe),
        .option(
          "key", "PATH", "The dict to take instead of the one found; . takes every tensor.", \.editing.key),
        .limit(\.editing.limits), .salvage(\.editing.limits), .step(\.editing.limits),
      ] + Argument.group(WritingOptions.arguments, \.writing)
  }

  var editing = Editing(of: "")
  var savedRecipe: String?
  var recipeKey: String?
  var recipeOutput = WriteRecord()
  var writing = WritingOptions()

  mutating func run() throws -> ExitCode {
    if editing.steps.steps.isEmpty, recipeOutput.isEmpty {
      throw UsageError("there is nothing to do", hints: ["give a step, such as --drop 'head*'"])
    }
    editing.input = try FetchReport.located(editing.input)
    editing.key = editing.key ?? recipeKey
    try writing.request.fill(from: recipeOutput)
    editing.request = try writing.resolved()
    let prepared = try editing.prepare { [dryRun = writing.dryRun] event in
      switch event {
      case .opened(let checkpoint, let keepsExtras): Notes.opened(checkpoint, keepsExtras: keepsExtras)
      case .planned(let plan): plan.tell(atMost: dryRun ? 200 : 12)
      case .grafted: break
      }
    }
    if let savedRecipe { try save(recipe(), to: savedRecipe) }
    if writing.dryRun {
      let extent = prepared.output == nil ? ", of the steps alone: -o says how they are written" : ""
      Console.note("digest \(try prepared.digest)\(extent)")
    }
    // What is reported of a file that was written holds the digest.
    if writing.json { try SHA256.requireLibrary() }
    return try writing.finish(prepared.output) {
      try prepared.json()
    } done: {
      try prepared.json($0)
    }
  }
}
