internal import SutureCheckpoints
internal import SutureTensors
internal import SutureText
internal import SutureWorkflows

extension CheckReport {
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

  private static func sentence(_ irregular: Integrity.Irregular) -> String {
    let found = irregular.nonFinite
    let place = found.firstIndex.map { Format.shape($0) } ?? ""
    return "\(Format.name(irregular.name)): \(found.nanCount) NaN, \(found.infinityCount) Inf, "
      + "first \(found.firstIsNaN ? "NaN" : "Inf") at \(place)"
  }
}
