internal import SutureArchitectures
internal import SutureModelRuntime
internal import SutureText
internal import SutureWorkflows

extension VerificationReport {
  /// Lines of what was looked at, a table of outputs and one of classes, and the verdict.
  var lines: [String] {
    var lines: [String] = []
    var outputs = Table(
      [
        ("OUTPUT", .left), ("SHAPE", .left), ("MEAN", .right), ("LARGEST DIFFERENCE", .right),
        ("OVER PEAK", .right), ("", .left),
      ], dispensable: ["SHAPE", "MEAN", "OVER PEAK"])
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
    var tables = (outputs.isEmpty ? [] : [outputs]) + (classes.isEmpty ? [] : [classTable])
    lines += assumptions.map(\.line)
    if let detections {
      lines.append(detections.line)
      if !detections.boxes.isEmpty { tables.append(detections.table) }
    }
    return lines + tables.flatMap { [""] + $0.lines } + ["", passed ? "verified" : "not verified"]
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
}

extension ImageDetections {
  fileprivate var line: String {
    let sure = "a score over \(Format.decimal(thresholds.confidence, places: 2))"
    if boxes.isEmpty { return "boxes  none has \(sure)" }
    return "boxes  \(Format.count(boxes.count)) of \(sure), of which two of a class overlap by "
      + "\(Format.decimal(thresholds.overlap, places: 2)) at most"
  }

  fileprivate var table: Table {
    var table = Table(
      [
        ("CLASS", .right), ("SCORE", .right), ("LEFT", .right), ("TOP", .right), ("RIGHT", .right),
        ("BOTTOM", .right), ("NAME", .left),
      ], dispensable: ["BOTTOM", "RIGHT", "TOP", "LEFT"])
    for detection in boxes {
      table.add(
        ["\(detection.index)", Format.decimal(Double(detection.score), places: 4)]
          + (0..<4).map { Format.decimal(Double(detection.box[$0]), places: 1) }
          + [name(detection.index).map(Format.name) ?? ""])
    }
    return table
  }
}

extension Assumption {
  /// What was assumed and why, and the option that says another where there is one.
  var line: String {
    let option: String? =
      switch what {
      case "layer_norm.eps": "--eps E"
      case "batch_norm.eps": "--eps batch_norm=E"
      case "activation": "--activation NAME"
      case "dtype": nil
      default: "--activation conv=NAME"
      }
    return "assumed \(what) \(value): \(because)" + (option.map { "; \($0) says another" } ?? "")
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
