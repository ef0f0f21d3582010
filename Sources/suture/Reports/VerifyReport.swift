internal import SutureJSON
internal import SutureModelRuntime
internal import SutureText
internal import SutureWorkflows

extension VerificationReport {
  /// Lines of what was looked at, a table of outputs and one of classes, and the verdict.
  var text: String {
    var lines: [String] = []
    var outputs = Table([
      ("OUTPUT", .left), ("SHAPE", .left), ("MEAN", .right), ("LARGEST DIFFERENCE", .right),
      ("OVER PEAK", .right), ("", .left),
    ])
    var difference = firstDifference
    for check in checks {
      if let row = check.row {
        outputs.add(row)
        continue
      }
      lines.append("\(check.passed ? "ok    " : "FAILED") \(check.title): \(check.detail)")
      lines += check.remarks
      // The original is run before all else.
      if case .numbers = check.finding, let found = difference {
        lines.append(
          "       the first layer that differs is \(found.layer), by \(Format.scientific(found.error)) of its peak"
        )
        difference = nil
      }
    }
    let tables = (outputs.isEmpty ? [] : [outputs]) + (classes.isEmpty ? [] : [classTable])
    return lines.map { $0 + "\n" }.joined() + tables.map { "\n" + $0.text }.joined()
      + (passed ? "\nverified\n" : "\nnot verified\n")
  }

  private var classTable: Table {
    var table = Table([("CLASS", .right), ("PROBABILITY", .right), ("NAME", .left)])
    for score in classes {
      table.add([
        "\(score.index)", Format.decimal(score.probability, places: 4), score.name.map(Format.name) ?? "",
      ])
    }
    return table
  }

  /// What the first check that failed says.
  var firstFailure: String { checks.first { !$0.passed }.map { "\($0.name): \($0.detail)" } ?? "" }

  var json: JSONReport {
    JSONReport(
      "suture.verify/1",
      [
        "passed": passed,
        "checks": checks.map {
          [
            "name": $0.name, "passed": $0.passed, "error": $0.error, "tolerance": $0.tolerance,
            "detail": $0.detail,
          ] as JSONObject
        },
        "classes": classes.isEmpty
          ? nil
          : classes.map {
            [
              "index": $0.index, "probability": $0.probability,
              "name": $0.name.map { .string($0) } ?? JSONValue.null,
            ] as JSONObject
          },
      ])
  }
}

extension VerificationReport.Check {
  fileprivate var title: String {
    switch finding {
    case .replicas(let comparison):
      Format.plural(comparison.replicas, comparison.replicas == 1 ? "backbone" : "replica")
    case .numbers: "numbers"
    case .layerScales: "scales"
    case .names: "names"
    case .output, .wrongShape: name
    }
  }

  fileprivate var detail: String {
    switch finding {
    case .replicas(let comparison):
      let wrong = comparison.different + comparison.missing
      let others = comparison.isAgainstOriginal ? "the original's" : "those of the first"
      return wrong.isEmpty
        ? "\(Format.plural(comparison.compared, "tensor")) identical to \(others), bit for bit"
        : "\(Format.count(comparison.different.count)) differ, \(Format.count(comparison.missing.count)) missing, "
          + "the first is \(wrong[0])"
    case .numbers(let layers, let input, let seconds, let notFinite):
      let shape = Format.shape(input)
      guard let (layer, value) = notFinite else {
        let time = Format.decimal(seconds * 1000, places: 0)
        return
          "no NaN and no infinity in \(Format.plural(layers, "layer")) on \(shape), \(time) ms with reading"
      }
      return "the first layer that is not finite on \(shape) is \(layer) gives \(value)"
    case .output(_, _, _, let isFinite):
      return isFinite
        ? "off by \(Format.scientific(error)) of the peak, \(Format.scientific(tolerance)) is allowed"
        : "it holds values that are not finite"
    case .wrongShape(let shape, let expected): return "the shape is \(shape), \(expected) is expected"
    case .layerScales(let scales):
      let initial = scales.filter(\.isInitial)
      let magnitudes = scales.map(\.magnitude)
      guard let least = magnitudes.min(), let most = magnitudes.max() else {
        return "the blocks have no layer scale"
      }
      guard let first = initial.first else {
        return "\(Format.plural(scales.count, "block")), mean magnitudes \(Format.scientific(least)) to "
          + "\(Format.scientific(most)), none at its initial 1e-6"
      }
      return
        "\(Format.count(initial.count)) of \(Format.plural(scales.count, "block")) are at the 1e-6 that training "
        + "starts from, \(first.name) is the first: their weights were never loaded"
    case .names(let unexpected, let count):
      guard let first = unexpected.first else {
        return "\(Format.plural(count, "tensor")), each with its place in the model file"
      }
      return
        "\(Format.plural(unexpected.count, "tensor")) with no place in the model file, \(first) is the first: "
        + "load_state_dict would refuse them"
    }
  }

  /// What else is worth knowing.
  fileprivate var remarks: [String] {
    guard case .replicas(let comparison) = finding else { return [] }
    var lines: [String] = []
    if !comparison.dropped.isEmpty {
      lines.append("       not in the result: \(comparison.dropped.prefix(8).joined(separator: ", "))")
    }
    if let first = comparison.unknown.first {
      lines.append(
        "       not from the original: \(Format.plural(comparison.unknown.count, "tensor")), \(first) for one"
      )
    }
    return lines
  }

  /// The cells of an output.
  fileprivate var row: [String]? {
    switch finding {
    case .output(let shape, let mean, let largest, _):
      [
        name, Format.shape(shape), Format.decimal(mean, places: 6), Format.scientific(largest),
        Format.scientific(error), passed ? "ok" : "FAILED",
      ]
    case .wrongShape(let shape, _): [name, Format.shape(shape), "", "", "", "FAILED: \(detail)"]
    case .replicas, .numbers, .layerScales, .names: nil
    }
  }
}
