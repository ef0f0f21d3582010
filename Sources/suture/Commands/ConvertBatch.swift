internal import SutureBytes
internal import SutureCheckpoints
internal import SutureJSON
internal import SutureText

/// Many conversions into one folder: each succeeds or fails by itself, and what was done is not done again.
struct ConvertBatch {
  private let convert: Convert
  private let jobs: [Job]
  private let folder: String

  private struct Job: Sendable {
    let input: String
    let output: String
  }

  private enum Outcome {
    case written(WriteReport)
    case skipped
  }

  init(_ convert: Convert, into folder: String) throws {
    self.convert = convert
    self.folder = folder.count > 1 && folder.hasSuffix("/") ? String(folder.dropLast()) : folder
    var owners: [ExactString: String] = [:]
    var jobs: [Job] = []
    for input in convert.inputs {
      let output = self.folder + "/" + Self.name(for: input, convert.writing.format)
      if let other = owners.updateValue(input, forKey: ExactString(output)) {
        throw UsageError(
          "\(other) and \(input) would both become \(output)", hints: ["convert them into different folders"])
      }
      jobs.append(Job(input: input, output: output))
    }
    self.jobs = jobs
    if convert.dryRun { throw UsageError("--dry-run is for one file: give -o instead of --out-dir") }
  }

  /// The name of the input without its extension, and that of the format.
  private static func name(for input: String, _ format: WriteOptions.Format?) -> String {
    var name = input
    while name.count > 1, name.hasSuffix("/") { name.removeLast() }
    name = String(name.dropFirst(SutureBytes.folder(of: name).count))
    if name.hasSuffix(".index.json") { name.removeLast(".index.json".count) }
    let known = WriteOptions.Format(path: name)
    let format = format ?? (known == .safetensors ? .pytorchZip : .safetensors)
    let isExtension =
      known != nil || name.hasSuffix(".npz") || name.hasSuffix(".npy") || name.hasSuffix(".pkl")
    if isExtension, let dot = name.lastIndex(of: "."), dot > name.startIndex { name = String(name[..<dot]) }
    if name.hasSuffix(".pth"), known == nil { name.removeLast(4) }
    return name + (format == .safetensors ? ".safetensors" : ".pth")
  }

  func run() throws -> ExitCode {
    if !isFolder(folder) { try createFolder(folder) }
    let failures = Guarded<[ExitCode]>([])
    do {
      try concurrently(jobs.count, workers: convert.jobs) { index in
        let job = jobs[index]
        do { try report(job, try run(job)) } catch {
          failures.withLock { $0.append(Diagnosis(error).code) }
          try report(job, error)
          if !convert.keepsGoing { throw StopBatch() }
        }
      }
    } catch is StopBatch {
      // What was begun has been ended, and nothing more is begun.
    }
    guard let first = failures.withLock({ $0.first }) else { return .done }
    return convert.keepsGoing ? .negative : first
  }

  private struct StopBatch: Error {}

  private func run(_ job: Job) throws -> Outcome {
    var writing = convert.writing
    writing.output = job.output
    if writing.progress == nil { writing.progress = Progress.Style.none }
    var output = try Output(writing)
    output.workers = max(1, processorCount / convert.jobs)
    var prepared = try convert.prepare(job.input, output) { _ in }
    if !output.replaces, let taken = prepared.plan.paths.first(where: pathExists) {
      if try prepared.isThere() { return .skipped }
      guard isBroken(prepared.plan.paths) else { throw OutputExists(path: taken) }
      output.replaces = true
      prepared = try convert.prepare(job.input, output) { _ in }
    }
    return .written(try prepared.write { _ in })
  }

  /// Whether what stands there cannot be opened: a leftover of something that was cut short.
  private func isBroken(_ paths: [String]) -> Bool {
    paths.contains { !pathExists($0) || (try? Checkpoint.open($0)) == nil }
  }

  // MARK: What is said

  private func report(_ job: Job, _ outcome: Outcome) throws {
    switch outcome {
    case .written(let report):
      if convert.writing.json { return try print(report.json(schema: Convert.schema)) }
      Console.note(report.lines().joined(separator: "\n"))
    case .skipped:
      if convert.writing.json { return try print(members(job, "skipped", [])) }
      Console.note("skip   \(job.output)  is there and whole")
    }
  }

  private func report(_ job: Job, _ error: any Error) throws {
    let diagnosis = Diagnosis(error)
    Console.error(diagnosis)
    if convert.writing.json { try Console.print(diagnosis.report(), isLine: true) }
  }

  private func members(_ job: Job, _ status: String, _ more: [(key: String, value: JSONValue)]) -> JSONValue {
    .object(
      [
        ("schema", .string(Convert.schema)), ("input", .string(job.input)), ("output", .string(job.output)),
        ("status", .string(status)),
      ] + more)
  }

  private func print(_ value: JSONValue) throws { try Console.print(JSONWriter.text(value) + "\n") }
}
