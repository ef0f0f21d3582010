internal import SutureArchitectures
internal import SutureJSON
internal import SutureModelRuntime
internal import SutureText

extension VerificationReport {
  /// The schema `suture.verify/1`.
  public var json: JSONReport {
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
        "assumed": assumptions.json,
        "detections": detections?.json,
        "classes": classes.isEmpty
          ? nil
          : classes.map {
            [
              "index": $0.index, "probability": $0.probability,
              "name": $0.name.json,
            ] as JSONObject
          },
      ])
  }

  /// What the first check that failed says.
  public var firstFailure: String { checks.first { !$0.passed }.map { "\($0.name): \($0.detail)" } ?? "" }
}

extension VerificationReport.Check {
  /// What it found, in a sentence.
  public var detail: String {
    switch finding {
    case .replicas(let comparison):
      let wrong = comparison.different + comparison.missing
      let dtype = comparison.castTo.map { " in \($0)" } ?? ""
      let others = comparison.isAgainstOriginal ? "the original's\(dtype)" : "those of the first"
      let unread = comparison.differentUnread.count
      if wrong.isEmpty, unread > 0 {
        return
          "\(Format.count(unread)) of \(Format.plural(comparison.compared, "tensor")) differ from \(others) where no "
          + "forward pass reads that copy; each layer reads its own stage"
      }
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
}

extension [Assumption] {
  var json: [JSONObject] {
    map { ["what": $0.what, "value": $0.value, "because": $0.because] }
  }
}
