internal import SutureCheckpoints
internal import SutureJSON
internal import SutureTensors

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
      + "\(integrity.problems.count { $0.kind == .checksum }) failed"
  }

  private static func sentence(_ irregular: Integrity.Irregular) -> String {
    let found = irregular.nonFinite
    let place = found.firstIndex.map { Format.shape($0) } ?? ""
    return "\(Format.name(irregular.name)): \(found.nanCount) NaN, \(found.infinityCount) Inf, "
      + "first \(found.firstIsNaN ? "NaN" : "Inf") at \(place)"
  }

  var json: JSONValue {
    [
      "schema": "suture.check/1", "path": .string(checkpoint.path),
      "container": .string(checkpoint.container.rawValue), "passed": .bool(passed),
      "checksums": [
        "recorded": .bool(checkpoint.recordsChecksums), "verified": .integer(integrity.verifiedCount),
        "failed": .integer(integrity.problems.count { $0.kind == .checksum }),
      ],
      "tensors": .integer(checkpoint.stateDict.count),
      "elements": .integer(checkpoint.stateDict.elementCount),
      "bytes": .integer(checkpoint.stateDict.byteCount), "nan": .integer(nanCount),
      "inf": .integer(infinityCount),
      "nonfinite": .array(
        integrity.irregular.map { irregular in
          [
            "name": .string(irregular.name), "nan": .integer(irregular.nonFinite.nanCount),
            "inf": .integer(irregular.nonFinite.infinityCount),
            "first": .array((irregular.nonFinite.firstIndex ?? []).map { .integer($0) }),
            "first_is_nan": .bool(irregular.nonFinite.firstIsNaN),
          ]
        }),
      "globals": .array(checkpoint.globals.map { .string($0) }),
      "unused": .array(integrity.unusedStorages.map { .string($0) }),
      "problems": .array(
        integrity.problems.map {
          ["kind": .string($0.kind.rawValue), "place": .string($0.place), "message": .string($0.message)]
        }),
      "warnings": .array(checkpoint.warnings.map { .string($0) }),
    ]
  }
}
