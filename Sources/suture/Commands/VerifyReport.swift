internal import SutureJSON
internal import SutureModelRuntime

/// The checks of `verify`, as lines with figures and as JSON.
struct VerifyReport {
  private struct Check {
    let name: String
    let passed: Bool
    let error: Double
    let tolerance: Double
    let detail: String
  }

  private var checks: [Check] = []
  private var lines: [String] = []
  private var table = Table([
    ("OUTPUT", .left), ("SHAPE", .left), ("MEAN", .right), ("LARGEST DIFFERENCE", .right),
    ("OVER PEAK", .right), ("", .left),
  ])
  private var hasRows = false
  private var classes: [ClassScores] = []
  /// What is shown before the checks.
  var preamble = ""

  var passed: Bool { checks.allSatisfy(\.passed) }

  /// What the first check that failed says.
  var firstFailure: String { checks.first { !$0.passed }.map { "\($0.name): \($0.detail)" } ?? "" }

  /// Adds a check with a line of its own.
  mutating func add(_ name: String, _ title: String, passed: Bool, error: Double, _ detail: String) {
    lines.append("\(passed ? "ok    " : "FAILED") \(title): \(detail)")
    checks.append(Check(name: name, passed: passed, error: error, tolerance: 0, detail: detail))
  }

  mutating func add(_ comparison: ReplicaComparison, againstOriginal: Bool) {
    let wrong = comparison.different + comparison.missing
    let what = againstOriginal ? "identical to the original's" : "identical to those of the first"
    let detail =
      wrong.isEmpty
      ? "\(Format.plural(comparison.compared, "tensor")) \(what), bit for bit"
      : "\(Format.count(comparison.different.count)) differ, \(Format.count(comparison.missing.count)) missing, "
        + "the first is \(wrong[0])"
    let title = Format.plural(comparison.replicas, comparison.replicas == 1 ? "backbone" : "replica")
    add("replicas", title, passed: comparison.passed, error: Double(wrong.count), detail)
    if !comparison.dropped.isEmpty {
      lines.append("       not in the result: \(comparison.dropped.prefix(8).joined(separator: ", "))")
    }
    if !comparison.unknown.isEmpty {
      lines.append(
        "       not from the original: \(Format.plural(comparison.unknown.count, "tensor")), "
          + "\(comparison.unknown[0]) for one")
    }
  }

  /// Tells the five likeliest classes of the first image.
  mutating func addClasses(_ logits: NetworkOutput, labels path: String?) throws {
    classes = try ClassScores.likeliest(logits, labels: path)
  }

  /// Says more about the check before.
  mutating func addRemark(_ text: String) { lines.append("       " + text) }

  /// Compares an output with what it should be; `expected` is in PyTorch's order.
  mutating func addOutput(_ ours: NetworkOutput, _ expected: [Float], tolerance: Double) {
    let difference = Difference(ours.values, from: expected)
    let error = difference.relative
    let isFinite = ours.values.allSatisfy(\.isFinite)
    // Written so that a NaN fails.
    let passed = error <= tolerance && isFinite
    let detail =
      isFinite
      ? "off by \(Format.scientific(error)) of the peak, \(Format.scientific(tolerance)) is allowed"
      : "it holds values that are not finite"
    checks.append(Check(name: ours.name, passed: passed, error: error, tolerance: tolerance, detail: detail))
    hasRows = true
    table.add([
      ours.name, Format.shape(ours.shape), Format.decimal(ours.mean, places: 6),
      Format.scientific(difference.largest), Format.scientific(error), passed ? "ok" : "FAILED",
    ])
  }

  /// An output whose shape is not even the right one.
  mutating func addMismatch(_ ours: NetworkOutput, expected shape: [Int]) {
    let detail = "the shape is \(ours.shape), \(shape) is expected"
    checks.append(Check(name: ours.name, passed: false, error: .nan, tolerance: 0, detail: detail))
    hasRows = true
    table.add([ours.name, Format.shape(ours.shape), "", "", "", "FAILED: \(detail)"])
  }

  var text: String {
    let head = lines.map { $0 + "\n" }.joined()
    let body = (hasRows ? "\n" + table.text : "") + (classes.isEmpty ? "" : "\n" + ClassScores.text(classes))
    return preamble + head + body + (passed ? "\nverified\n" : "\nnot verified\n")
  }

  var json: JSONValue {
    var members: [(key: String, value: JSONValue)] = [
      ("schema", "suture.verify/1"), ("passed", .bool(passed)),
      (
        "checks",
        .array(
          checks.map {
            [
              "name": .string($0.name), "passed": .bool($0.passed), "error": .double($0.error),
              "tolerance": .double($0.tolerance), "detail": .string($0.detail),
            ]
          })
      ),
    ]
    if !classes.isEmpty { members.append(("classes", .array(classes.map(\.json)))) }
    return .object(members)
  }
}
