internal import SutureArchitectures
internal import SutureCheckpoints
internal import SutureSurgery
internal import SutureText
internal import SutureWorkflows

struct Convert: Command {
  static let name = "convert"
  static let writes = true
  static let summary =
    "Write checkpoints in another format: .pth to .safetensors and back, sharded or in one file."
  static let details = """
    \(WritingOptions.details)
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
      .option(
        "from0", "FILE", "Take the names of inputs from a file, a NUL behind each; - is standard input.",
        \.names),
      .number("jobs", short: "j", "N", "Work on N files at once.", in: 1...1024, \.jobs),
      .flag("keep-going", short: "k", "Go on with the others after a failure.", \.keepsGoing),
      .option("key", "PATH", "The dict to take instead of the one found; . takes every tensor.", \.key),
      .choice(
        "naming", placeholder: "SCHEME",
        "Name a ConvNeXt as \(NamingScheme.targets.map(\.rawValue).joined(separator: ", ")) would.", \.naming
      ),
      .limit(\.limits),
      .salvage(\.limits), .step(\.limits),
    ] + Argument.group(WritingOptions.arguments, \.writing)
  }

  var inputs: [String] = []
  var folder: String?
  var names: String?
  var jobs: Int?
  var keepsGoing = false
  var key: String?
  var naming: NamingScheme?
  var limits = ReadLimits()
  var writing = WritingOptions()

  mutating func run() throws -> ExitCode {
    if let names { inputs += try InputNames.read(names) }
    guard let first = inputs.first else { throw UsageError("say what to convert: a checkpoint") }
    if let folder { return try runBatch(into: folder) }
    guard inputs.count == 1 else {
      if writing.request.output.isEmpty, inputs.count == 2 {
        throw UsageError(
          "say where to write with -o, or is \(inputs[1]) an input too?",
          hints: [
            "suture \(Shell.words(["convert", first, "-o", inputs[1]])) writes it",
            "--out-dir DIR converts many files",
          ])
      }
      throw UsageError(
        "there are \(inputs.count) inputs and one output", hints: ["--out-dir DIR converts many files"])
    }
    let output = try conversion(of: first, try writing.resolved() ?? writing.request).prepare { event in
      switch event {
      case .opened(let checkpoint, let keepsExtras): Notes.opened(checkpoint, keepsExtras: keepsExtras)
      case .planned(let plan):
        for report in plan.reports {
          Console.note("name   \(report.summary): \(Format.plural(report.matched, "key"))")
          for note in report.notes { Console.note("       \(note)") }
        }
      case .grafted: break
      }
    }
    return try writing.finish(output) {
      output.report.json
    } done: {
      $0.json
    }
  }

  private func conversion(of input: String, _ request: WriteRequest) -> Conversion {
    var conversion = Conversion(of: input, request)
    (conversion.key, conversion.naming, conversion.limits) = (key, naming, limits)
    return conversion
  }

  // MARK: Many files

  private func runBatch(into folder: String) throws -> ExitCode {
    guard writing.request.output.isEmpty else { throw UsageError("-o and --out-dir exclude each other") }
    if writing.dryRun { throw UsageError("--dry-run is for one file: give -o instead of --out-dir") }
    var request = writing.request
    request.progress = (writing.progress ?? Progress.none).handler
    var batch = try Batch(of: inputs, into: folder, like: conversion(of: "", request))
    (batch.jobs, batch.keepsGoing) = (jobs ?? 1, keepsGoing)
    let isJSON = writing.json
    let failures = try batch.run { Self.tell($0, isJSON) }.compactMap { report -> ExitCode? in
      if case .failed(let error) = report.outcome { Diagnosis(error).code } else { nil }
    }
    return failures.first.map { keepsGoing ? .negative : $0 } ?? .done
  }

  private static func tell(_ report: Batch.Report, _ isJSON: Bool) {
    let json: JSONReport
    switch report.outcome {
    case .written(let written):
      json = written.json
      if !isJSON { written.tell() }
    case .skipped:
      json = JSONReport(
        "suture.convert/1", ["input": report.input, "output": report.output, "status": "skipped"])
      if !isJSON { Console.note("skip   \(report.output)  is there and whole") }
    case .failed(let error):
      let diagnosis = Diagnosis(error)
      json = diagnosis.report(["input": report.input, "output": report.output])
      Console.error(diagnosis)
    }
    if isJSON { try? Console.print(json, isLine: true) }
  }
}
