internal import Bytes
internal import Checkpoints
internal import JSON
internal import Tensors

struct Check: Command {
  static let name = "check"
  static let summary =
    "Read every byte of a checkpoint: checksums, bounds, NaN and Inf, what the pickle names."
  static let details = """
    Exit code 0 where the file is sound, 1 where it is not: damaged, ambiguous, unsafe to load in Python, or with
    NaN in a tensor (--allow-nan passes those). Infinities are counted, but do not fail: masks are made of them.
    """

  static var arguments: [Argument<Self>] {
    [
      .operand("FILE", "The checkpoint.", \.file),
      .flag("allow-nan", "Report NaN, but do not fail for it.", \.allowsNaN),
      .limit(\.limits),
      .flag("json", "Print JSON.", \.json),
    ]
  }

  var file = ""
  var allowsNaN = false
  var limits = ReadLimits()
  var json = false

  mutating func run() throws -> ExitCode {
    let checkpoint: Checkpoint
    do { checkpoint = try Checkpoint.open(file, key: ".", limits: limits) } catch let error as SystemError {
      // Nothing can be said about a file that cannot be had.
      throw error
    } catch {
      return try refused(Diagnosis(error))
    }
    let total = checkpoint.stateDict.byteCount
    let progress = Progress(total: total)
    let start = Process.seconds
    let integrity = Integrity(of: checkpoint) { progress.advance($0) }
    progress.finish()
    let report = CheckReport(checkpoint: checkpoint, integrity: integrity, allowsNaN: allowsNaN)
    if json {
      try Console.print(JSONWriter.text(report.json, style: .pretty) + "\n")
    } else {
      try Console.print(report.text(seconds: Process.seconds - start))
    }
    return report.passed ? .done : .negative
  }

  /// A file that is refused on opening has failed the check.
  private func refused(_ diagnosis: Diagnosis) throws -> ExitCode {
    guard json else {
      Console.error(diagnosis.message, hints: diagnosis.hints)
      return .negative
    }
    let problem: JSONValue = [
      "kind": .string(diagnosis.code == .unsafe ? "unsafe" : "refused"), "place": .string(file),
      "message": .string(([diagnosis.message] + diagnosis.hints).joined(separator: "\n")),
    ]
    let report: JSONValue = [
      "schema": "suture.check/1", "path": .string(file), "passed": .bool(false), "problems": [problem],
    ]
    try Console.print(JSONWriter.text(report, style: .pretty) + "\n")
    return .negative
  }
}
