internal import JSON
internal import ModelRuntime

/// The checks of `verify`, as a table and as JSON.
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
    ("OVER PEAK", .right),
    ("", .left),
  ])

  var passed: Bool { checks.allSatisfy(\.passed) }

  /// What the first check that failed says.
  var firstFailure: String { checks.first { !$0.passed }.map { "\($0.name): \($0.detail)" } ?? "" }

  mutating func add(_ comparison: ReplicaComparison) {
    let copies = "\(Format.plural(comparison.replicas, comparison.replicas == 1 ? "backbone" : "replica"))"
    let wrong = comparison.different + comparison.missing
    let detail =
      wrong.isEmpty
      ? "\(Format.plural(comparison.compared, "tensor")) identical to the original's, bit for bit"
      : "\(Format.count(comparison.different.count)) differ, \(Format.count(comparison.missing.count)) missing, "
        + "the first is \(wrong[0])"
    lines.append("\(comparison.passed ? "ok    " : "FAILED") \(copies): \(detail)")
    if !comparison.dropped.isEmpty {
      lines.append("       not in the result: \(comparison.dropped.prefix(8).joined(separator: ", "))")
    }
    if !comparison.unknown.isEmpty {
      lines.append(
        "       not from the original: \(Format.plural(comparison.unknown.count, "tensor")), "
          + "\(comparison.unknown[0]) for one")
    }
    checks.append(
      Check(
        name: "replicas", passed: comparison.passed, error: Double(wrong.count), tolerance: 0, detail: detail)
    )
  }

  mutating func addFeature(_ name: String, _ ours: FeatureMap, _ theirs: FeatureMap, tolerance: Double) {
    guard ours.shape == theirs.shape else {
      let detail = "the shape is \(ours.shape), the original's \(theirs.shape)"
      checks.append(Check(name: name, passed: false, error: .nan, tolerance: tolerance, detail: detail))
      table.add([name, Format.shape(ours.shape), "", "", "", "FAILED: \(detail)"])
      return
    }
    add(name, ours, Difference(ours.values, from: theirs.values), tolerance)
  }

  /// `expected` is in PyTorch's order.
  mutating func addOutput(_ name: String, _ ours: FeatureMap, _ expected: [Float], tolerance: Double) {
    add(name, ours, Difference(ours.nchw, from: expected), tolerance)
  }

  private mutating func add(_ name: String, _ map: FeatureMap, _ difference: Difference, _ tolerance: Double)
  {
    let error = difference.relative
    let isFinite = map.values.allSatisfy(\.isFinite)
    // Written so that a NaN fails.
    let passed = error <= tolerance && isFinite
    let detail =
      isFinite
      ? "off by \(Format.scientific(error)) of the peak, \(Format.scientific(tolerance)) is allowed"
      : "it holds values that are not finite"
    checks.append(Check(name: name, passed: passed, error: error, tolerance: tolerance, detail: detail))
    table.add([
      name, Format.shape(map.shape), Format.decimal(map.mean, places: 6),
      Format.scientific(difference.largest),
      Format.scientific(error), passed ? "ok" : "FAILED",
    ])
  }

  var text: String {
    let head = lines.map { $0 + "\n" }.joined()
    let body = checks.contains { $0.name != "replicas" } ? "\n" + table.text : ""
    return head + body + (passed ? "\nverified\n" : "\nnot verified\n")
  }

  var json: JSONValue {
    [
      "schema": "suture.verify/1",
      "passed": .bool(passed),
      "checks": .array(
        checks.map {
          [
            "name": .string($0.name), "passed": .bool($0.passed), "error": .double($0.error),
            "tolerance": .double($0.tolerance), "detail": .string($0.detail),
          ]
        }),
    ]
  }
}
