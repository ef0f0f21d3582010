internal import SutureBytes
internal import SutureCheckpoints
internal import SutureSurgery
internal import SutureTensors
internal import SutureWorkflows

struct Diff: Command {
  static let name = "diff"
  static let pages = true
  static let summary = "Compare two checkpoints: names, shapes, dtypes, then every value."
  static let details = """
    Any two formats. What changed most comes first: CHANGE is the length of a - b over that of a, of the whole tensor as a
    vector; with --by, of all tensors of a module that changed. A tensor of another dtype whose values a cast explains is
    counted apart; -v lists it. Tensors that lost their name are looked for by their content, so a rename is told as one. Exit
    code 0 where nothing differs, 1 otherwise: without a tolerance every bit counts, and the dtype.

    --atol or --rtol asks for closeness instead, as torch.allclose(A, B) means it: |a - b| <= atol + rtol * |b|, with
    1e-8 and 1e-5 for the one that is not given, whatever the dtypes. A NaN is close to nothing, not even to a NaN,
    unless --equal-nan. MAX REL is the largest |a - b| / |b|, infinite where b is 0.

    A PATTERN must fit a whole name; only those tensors are compared.
    """

  static var arguments: [Argument<Self>] {
    [
      .operand("A", "A checkpoint.", \.first), .operand("B", "The other one.", \.second),
      .operands("PATTERN", "Only tensors whose names fit one of these.", \.patterns),
      .tolerance("atol", "X", "Absolute tolerance.", \.atol),
      .tolerance("rtol", "X", "Relative tolerance.", \.rtol),
      .flag("equal-nan", "With a tolerance: two NaNs in one place are close.", \.equalNaN),
      .option(
        "key", "PATH", "The dict to take of both instead of the one found; . takes every tensor.", \.key),
      .option("key-b", "PATH", "The dict to take of B, where it is another.", \.otherKey),
      .number("by", "DEPTH", "Sum up by the first DEPTH components of the names.", in: 1...64, \.depth),
      .flag("shapes", "Compare names, shapes and dtypes alone: no tensor is read.", \.isStructural),
      .flag("verbose", short: "v", "Show every line.", \.isVerbose),
      .limit(\.limits),
      .salvage(\.limits), .step(\.limits),
      .flag("json", "Print JSON.", \.json),
    ]
  }

  var first = ""
  var second = ""
  var patterns: [String] = []
  var atol: Double?
  var rtol: Double?
  var equalNaN = false
  var key: String?
  var otherKey: String?
  var depth: Int?
  var isStructural = false
  var isVerbose = false
  var limits = ReadLimits()
  var json = false

  mutating func run() throws -> ExitCode {
    let tolerance = try tolerance
    if isStructural, tolerance != nil {
      throw UsageError("--shapes compares no values, so there is nothing to tolerate")
    }
    if isStructural, depth != nil {
      throw UsageError("--shapes compares no values, so there is nothing to sum up")
    }
    let filters = try patterns.map { try Pattern($0) }
    let one = try Checkpoint.open(first, key: key, limits: limits)
    let other = try Checkpoint.open(second, key: otherKey ?? key, limits: limits)
    try one.requireTensors()
    try other.requireTensors()
    let (dict, otherDict) = (try Self.select(filters, one), try Self.select(filters, other))
    if dict.isEmpty, otherDict.isEmpty {
      throw UsageError(
        "no name of either file fits \(patterns.map { "\"\($0)\"" }.joined(separator: " or "))",
        hints: nearMisses(patterns, among: one.stateDict.names + other.stateDict.names))
    }
    let progress = ProgressMeter(
      total: dict.byteCount.adding(saturating: otherDict.byteCount), Progress.auto.handler)
    let diff = try StateDictDiff(dict, otherDict, tolerance: tolerance, comparesValues: !isStructural) {
      progress.advance($0)
    }
    progress.finish()
    let report = DiffReport(one: one, other: other, diff: diff, depth: depth, isVerbose: isVerbose)
    if json {
      try Console.print(report.json)
    } else {
      try Console.print(report.lines)
    }
    return diff.passed ? .done : .negative
  }

  private var tolerance: Tolerance? {
    get throws {
      guard atol != nil || rtol != nil else {
        if equalNaN {
          throw UsageError("--equal-nan goes with --atol or --rtol", hints: ["without them every bit counts"])
        }
        return nil
      }
      var tolerance = Tolerance()
      tolerance.absolute = atol ?? tolerance.absolute
      tolerance.relative = rtol ?? tolerance.relative
      tolerance.equalNaN = equalNaN
      return tolerance
    }
  }

  private static func select(_ filters: [Pattern], _ checkpoint: Checkpoint) throws -> StateDict {
    if filters.isEmpty { return checkpoint.stateDict }
    return try StateDict(
      checkpoint.stateDict.entries.filter { entry in filters.contains { $0.matches(entry.name) } })
  }
}
