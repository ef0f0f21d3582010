internal import SutureCheckpoints
internal import SutureJSON
internal import SutureTensors
internal import SutureText

/// What `check` says: the schema `suture.check/1`.
struct CheckReport {
  let checkpoint: Checkpoint
  let integrity: Integrity
  let allowsNaN: Bool

  var passed: Bool { integrity.problems.isEmpty && (allowsNaN || nanCount == 0) }

  private var nanCount: Int { integrity.irregular.reduce(0) { $0 &+ $1.nonFinite.nanCount } }
  private var infinityCount: Int { integrity.irregular.reduce(0) { $0 &+ $1.nonFinite.infinityCount } }

  func text(seconds: Double) -> String {
    let dict = checkpoint.stateDict
    var lines = [
      "\(checkpoint.path): \(checkpoint.container.rawValue), \(Format.bytes(checkpoint.byteCount))", "",
      "  checksums  \(checksums)",
      "  bounds     \(Format.plural(dict.count, "tensor")) on \(Format.plural(dict.storages.count, "storage")), "
        + "each within its storage",
      "  numbers    \(Format.plural(nanCount, "NaN")), \(Format.count(infinityCount)) Inf in "
        + "\(Format.count(dict.elementCount)) elements",
    ]
    for irregular in integrity.irregular.prefix(20) {
      lines.append("             \(Self.sentence(irregular))")
    }
    if integrity.irregular.count > 20 {
      lines.append("             … \(integrity.irregular.count) tensors in all")
    }
    if !checkpoint.globals.isEmpty {
      lines.append("  globals    \(Format.plural(checkpoint.globals.count, "name")), none of them dangerous")
      for name in checkpoint.globals { lines.append("             \(Format.name(name))") }
    }
    for warning in checkpoint.warnings { lines.append("  note       \(warning)") }
    if let first = integrity.unusedStorages.first {
      lines.append(
        "  note       \(Format.plural(integrity.unusedStorages.count, "storage")) that no tensor views, \(Format.name(first)) "
          + "for one")
    }
    for problem in integrity.problems { lines.append("  FAILED     \(problem.message)") }
    lines.append("")
    lines.append(
      passed
        ? "sound: \(Format.bytes(dict.byteCount)) of tensors read in \(Format.decimal(seconds, places: 2)) s"
        : "not sound: \(reason)")
    return lines.joined(separator: "\n") + "\n"
  }

  private var reason: String {
    var parts: [String] = []
    let damaged = integrity.problems.count
    if damaged > 0 {
      parts.append("\(Format.plural(damaged, "part")) of the file cannot be trusted; fetch it again")
    }
    if nanCount > 0, !allowsNaN {
      parts.append("\(Format.plural(nanCount, "NaN")) (--allow-nan passes them)")
    }
    return parts.joined(separator: ", ")
  }

  private var checksums: String {
    guard checkpoint.recordsChecksums else {
      return "not recorded in this file, so bytes that changed cannot be told"
    }
    return "\(Format.plural(integrity.verifiedCount, "record")) verified, "
      + "\(failedCount) failed"
  }

  private var failedCount: Int { integrity.problems.count { $0.kind == .checksum } }

  private static func sentence(_ irregular: Integrity.Irregular) -> String {
    let found = irregular.nonFinite
    let place = found.firstIndex.map { Format.shape($0) } ?? ""
    return "\(Format.name(irregular.name)): \(found.nanCount) NaN, \(found.infinityCount) Inf, "
      + "first \(found.firstIsNaN ? "NaN" : "Inf") at \(place)"
  }

  /// - Parameter load: what a load would do, where that was asked for too.
  func json(_ load: JSONReport?) -> JSONReport {
    let dict = checkpoint.stateDict
    return JSONReport(
      "suture.check/1",
      [
        "path": checkpoint.path, "container": checkpoint.container.rawValue, "passed": passed,
        "checksums": [
          "recorded": checkpoint.recordsChecksums, "verified": integrity.verifiedCount,
          "failed": failedCount,
        ] as JSONObject,
        "tensors": dict.count, "elements": dict.elementCount, "bytes": dict.byteCount, "nan": nanCount,
        "inf": infinityCount,
        "nonfinite": integrity.irregular.map {
          [
            "name": $0.name, "nan": $0.nonFinite.nanCount, "inf": $0.nonFinite.infinityCount,
            "first": $0.nonFinite.firstIndex ?? [], "first_is_nan": $0.nonFinite.firstIsNaN,
          ] as JSONObject
        },
        "globals": checkpoint.globals, "unused": integrity.unusedStorages,
        "problems": integrity.problems.map {
          ["kind": $0.kind.rawValue, "place": $0.place, "message": $0.message] as JSONObject
        },
        "warnings": checkpoint.warnings, "load": load?.object,
      ])
  }
}
