internal import SutureBytes
internal import SutureText
internal import SutureWorkflows

struct Apply: Command {
  static let name = "apply"
  static let writes = true
  static let summary = "Do a part of a plan that many machines do together, or end it."
  static let details = """
    --part auto takes the part from what the scheduler says: \(PartNumber.variables.map(\.name).joined(separator: ", ")).
    Arrays of Slurm, PBS, Grid Engine and GNU parallel count from 1, those of Kubernetes and AWS Batch from 0.
    A part may be ended at any time and done again: each file appears once it is whole, and what is done is not done again.
    Two processes cannot do the same part at once. Inputs that were written since the plan was made are refused.
    """

  static var arguments: [Argument<Self>] {
    [
      .operand("PLAN", "What suture plan printed.", \.plan),
      .option("part", "K/N|auto", "Do part K of N.", \.part),
      .flag("missing", "Print the parts that are not done, as sbatch --array takes them.", \.missing),
      .flag("finalize", "See that all is there and whole, and write the index.", \.finalize),
      .choice("progress", "How to say how far it is.", \.progress),
      .flag("json", "Report as JSON on standard output.", \.json),
    ]
  }

  var plan = ""
  var part: String?
  var missing = false
  var finalize = false
  var progress: Progress?
  var json = false

  mutating func run() throws -> ExitCode {
    guard [part != nil, missing, finalize].count(where: { $0 }) == 1 else {
      throw UsageError("say one of --part K/N, --missing and --finalize")
    }
    let file = try openInput(self.plan)
    let plan = try PartPlan(file.bytes(0..<file.byteCount), name: self.plan)
      .telling((progress ?? .auto).handler)
    if missing { return try tellMissing(plan) }
    if finalize { return try tell(PartRun.finalize(plan)) }
    return try run(plan, PartNumber(part ?? "", of: plan.parts) { CurrentProcess.environment($0) })
  }

  private func run(_ plan: PartPlan, _ number: PartNumber) throws -> ExitCode {
    let source = number.variable.map { " (\($0))" } ?? ""
    Console.note("part   \(number.part) of \(plan.parts)\(source)")
    let start = CurrentProcess.seconds
    let report = try PartRun(plan, part: number.part).run { event in
      switch event {
      case .written(let path, let bytes): Console.note("write  \(path)  \(Format.bytes(bytes))")
      case .skipped(let path): Console.note("skip   \(path)  is there and whole")
      case .failed(_, let error): Console.error(Diagnosis(error))
      }
    }
    let seconds = CurrentProcess.seconds - start
    Console.note(
      "done   part \(number.part) of \(plan.parts): \(Format.plural(report.written.count, "file")) written, "
        + "\(Format.bytes(report.byteCount)), \(Format.plural(report.skipped.count, "file")) there already, "
        + "\(Format.decimal(seconds, places: 2)) s")
    if json {
      try Console.print(
        JSONReport(
          "suture.apply/1",
          [
            "part": number.part, "parts": plan.parts, "variable": number.variable, "written": report.written,
            "skipped": report.skipped, "bytes": report.byteCount, "failed": report.failures.map(\.input),
          ]))
    }
    return report.failures.first.map { Diagnosis($0.error).code } ?? .done
  }

  private func tellMissing(_ plan: PartPlan) throws -> ExitCode {
    let missing = try plan.missingParts()
    if json {
      try Console.print(JSONReport("suture.apply/1", ["parts": plan.parts, "missing": missing]))
    } else if !missing.isEmpty {
      try Console.print([PartNumber.expression(missing)])
    }
    return .done
  }

  private func tell(_ final: PartRun.Final) throws -> ExitCode {
    Console.note(
      "\(final.wasThere ? "skip " : "write")  \(final.files.last ?? "")  \(Format.plural(final.files.count, "file")), "
        + "\(Format.bytes(final.byteCount))\(final.wasThere ? ", all there and whole" : "")")
    if json {
      try Console.print(
        JSONReport(
          "suture.apply/1", ["files": final.files, "bytes": final.byteCount, "was_there": final.wasThere]))
    }
    return .done
  }
}
