internal import Checkpoints
internal import JSON
internal import Surgery
internal import Tensors

struct Edit: Command {
  static let name = "edit"
  static let summary = "Surgery: drop, keep, rename, prefix and replicate tensors."
  static let details = """
    Steps run in the order given. Every pattern must match, no two names may collide, and every tensor of the input is
    accounted for, or nothing is written. Put patterns in quotes, so that the shell leaves them alone.

    The job it was made for:
      suture edit convnext_tiny_1k_224_ema.pth -o backbone.pth \\
        --drop 'norm*' --drop 'head*' --replicate 'model.{0..3}.' --expect 712

    \(Writing.details)
    A .pth holds the state dict alone; --extras keep leaves it where it was, with everything beside it as plain data.
    """

  static var arguments: [Argument<Self>] {
    [
      .operand("IN", "The checkpoint.", \.input),
      .option("drop", "PATTERN", "Leave out the tensors whose whole name fits.") {
        $0.steps.append(Drop($1))
      },
      .option("keep", "PATTERN", "Leave out all others.") { $0.steps.append(Keep($1)) },
      .option("rename", "PATTERN=NAME", "Rename; * or {1} in NAME is what the wildcards matched.") {
        let parts = $1.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else { throw UsageError("--rename takes PATTERN=NAME, not \"\($1)\"") }
        $0.steps.append(Rename(parts[0], to: parts[1]))
      },
      .option("add-prefix", "PREFIX", "Put PREFIX before every name.") { $0.steps.append(AddPrefix($1)) },
      .option("strip-prefix", "PREFIX", "Take PREFIX from every name that has it.") {
        $0.steps.append(StripPrefix($1))
      },
      .option("replicate", "PREFIXES", "Copy every tensor under each prefix: 'model.{0..3}.'.") {
        $0.steps.append(Replicate($1))
      },
      .option("expect", "N", "Refuse unless N tensors come out.", \.expected),
      .option("key", "PATH", "The dict to take instead of the one found; . takes every tensor.", \.key),
      .flag("dry-run", short: "n", "Print the plan and write nothing.", \.dryRun),
      .limit(\.limits),
    ] + Argument.group(Writing.arguments, \.writing)
  }

  var input = ""
  var steps: [any Step] = []
  var expected: String?
  var key: String?
  var dryRun = false
  var limits = ReadLimits()
  var writing = Writing()

  mutating func run() throws -> ExitCode {
    if steps.isEmpty {
      throw UsageError("there is nothing to do", hints: ["give a step, such as --drop 'head*'"])
    }
    let expecting = try expected.map { text in
      guard let count = Int(text), count >= 0 else {
        throw UsageError("--expect takes a number, not \"\(text)\"")
      }
      return count
    }
    let output = dryRun && writing.output == nil ? nil : try Output(writing)
    let checkpoint =
      try output?.open(input, key: key, limits: limits) ?? Checkpoint.open(input, key: key, limits: limits)
    // The optimizer's state would not fit the weights any more, so nobody has it unless they say so.
    let keepsExtras = output?.keepsExtras(unlessTold: false) ?? false
    Notes.opened(checkpoint, keepsExtras: keepsExtras)
    try checkpoint.requireTensors()
    let plan = try Plan(of: checkpoint.stateDict, steps: steps, expecting: expecting)
    describe(plan)
    let object = keepsExtras ? try checkpoint.plainObject(keepsStructure: false) : nil
    let prepared = try output?.prepare(
      plan.output, from: checkpoint, steps: (key.map { ["key \($0)"] } ?? []) + plan.reports.map(\.summary),
      object: object)
    if dryRun {
      prepared?.describe()
      if prepared == nil { Console.note("plan   nothing is written: this is a dry run") }
      if writing.json { try Console.print(JSONWriter.text(report(plan, checkpoint), style: .pretty) + "\n") }
      return .done
    }
    if let done = try prepared?.write() {
      for line in done.lines() { Console.note(line) }
      if writing.json { try Console.print(JSONWriter.text(done.json(schema: "suture.edit/1")) + "\n") }
    }
    return .done
  }
}

extension Edit {
  /// The plan in a few lines: what each step matched, and the folded names that come out.
  private func describe(_ plan: Plan) {
    for (index, report) in plan.reports.enumerated() {
      let change = report.before == report.after ? "" : ", \(report.before) -> \(report.after) tensors"
      Console.note("step \(index + 1) \(report.summary): \(Format.plural(report.matched, "key"))\(change)")
      for note in report.notes { Console.note("       \(note)") }
    }
    let accounting = plan.accounting
    Console.note(
      "plan   of the input's keys \(accounting.kept.count) are kept, \(accounting.dropped.count) dropped, "
        + "\(accounting.copied.count) copied; \(Format.plural(plan.output.count, "tensor")) on "
        + "\(Format.plural(plan.output.storages.count, "storage")), \(Format.bytes(plan.storedByteCount))")
    if !accounting.dropped.isEmpty {
      Console.note("       dropped: \(folded(accounting.dropped))")
    }
    for fold in FoldedNames.fold(plan.output.names).prefix(dryRun ? 200 : 12) {
      Console.note("       \(Format.name(fold.pattern))\(fold.count > 1 ? "  (\(fold.count))" : "")")
    }
  }

  private func folded(_ names: [String]) -> String {
    FoldedNames.fold(names).map { Format.name($0.pattern) }.joined(separator: ", ")
  }

  private func report(_ plan: Plan, _ checkpoint: Checkpoint) -> JSONValue {
    let strings = { (names: [String]) in JSONValue.array(names.map { .string($0) }) }
    return [
      "schema": "suture.plan/1",
      "input": .string(checkpoint.path),
      "wrapper": strings(checkpoint.wrapper),
      "steps": .array(
        plan.reports.map {
          [
            "step": .string($0.summary), "matched": .integer($0.matched), "before": .integer($0.before),
            "after": .integer($0.after), "notes": strings($0.notes),
          ]
        }),
      "kept": strings(plan.accounting.kept),
      "dropped": strings(plan.accounting.dropped),
      "copied": strings(plan.accounting.copied),
      "tensors": .integer(plan.output.count),
      "storages": .integer(plan.output.storages.count),
      "bytes": .integer(plan.storedByteCount),
    ]
  }
}
