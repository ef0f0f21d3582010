internal import SutureCheckpoints
internal import SutureJSON
internal import SutureSurgery
internal import SutureTensors

extension LoadCheck {
  /// The schema `suture.load/1`.
  ///
  /// - Parameter flags: the words of a program that do what is advised.
  public func json(flags: [String]?) -> JSONReport {
    JSONReport(
      "suture.load/1",
      [
        "base": base.path, "passed": report.passed, "keys": report.keys,
        "loaded": report.loaded.count, "no_overlap": report.hasNoOverlap, "missing": report.missing,
        "unexpected": report.unexpected, "mismatched": report.mismatches,
        "recast": report.recast.map {
          ["name": $0.name, "file": $0.found, "base": $0.expected] as JSONObject
        },
        "supplied": report.supplied,
        "untrained": ["file": untrained, "base": untrainedInBase] as JSONObject,
        "advice": advice.map {
          ["flags": flags ?? [], "passes": $0.report.passed, "loaded": $0.report.loaded.count] as JSONObject
        }.json,
        "error": errorText.json,
      ])
  }
}

extension ModelLoadCheck {
  /// The schema `suture.load/1`.
  ///
  /// - Parameters:
  ///   - model: the path of the model file.
  ///   - flags: the words of a program that do what is advised.
  public func json(model: String, flags: [String]?) -> JSONReport {
    JSONReport(
      "suture.load/1",
      [
        "model": model, "passed": passed, "keys": report.keys, "loaded": report.loaded.count,
        "live": live.count, "no_overlap": report.hasNoOverlap,
        "initial": [
          "backbone": initialBackbone, "unread": initialUnread,
          "elsewhere": initialElsewhere,
        ] as JSONObject,
        "unexpected": unexpected, "fused": fused, "mismatched": report.mismatches,
        "untrained": ["file": untrained] as JSONObject, "assumed": assumptions.json,
        "advice": flags.map { ["flags": $0] as JSONObject }.json,
        "error": errorText.json,
      ])
  }
}

extension LoadReport {
  fileprivate var keys: JSONObject { ["file": fileCount, "base": baseCount] }

  fileprivate var mismatches: [JSONObject] {
    mismatched.map { ["name": $0.name, "file": $0.found, "base": $0.expected] }
  }
}
