internal import SutureCheckpoints
internal import SutureTensors
internal import SutureText
internal import SutureWorkflows

extension CheckReport {
  func lines(seconds: Double) -> [String] {
    let dict = checkpoint.stateDict
    var lines = [
      "\(checkpoint.path): \(checkpoint.container.rawValue), \(Format.bytes(checkpoint.byteCount))", "",
      "  checksums  \(checksums)",
      "  bounds     \(Format.plural(dict.count, "tensor")) on \(Format.plural(dict.storages.count, "storage")), "
        + "each within its storage",
      "  numbers    "
        + (integrity.readsBytes
          ? "\(Format.plural(nanCount, "NaN")), \(Format.count(infinityCount)) Inf in "
            + "\(Format.plural(dict.elementCount, "element"))"
          : "not looked at"),
    ]
    for irregular in integrity.irregular.prefix(20) {
      lines.append("             \(Self.sentence(irregular))")
    }
    if integrity.irregular.count > 20 {
      lines.append("             … \(integrity.irregular.count) tensors in all")
    }
    lines += globals
    for warning in checkpoint.warnings { lines.append("  note       \(warning)") }
    if let first = integrity.unusedStorages.first {
      lines.append(
        "  note       \(Format.plural(integrity.unusedStorages.count, "storage")) that no tensor views, \(Format.name(first)) "
          + "for one")
    }
    for problem in integrity.problems { lines.append("  FAILED     \(problem.message)") }
    lines.append("")
    lines.append(
      !passed
        ? "not sound: \(reason)"
        : integrity.readsBytes
          ? "sound: \(Format.bytes(dict.byteCount)) of tensors read in \(Format.decimal(seconds, places: 2)) s"
          : "sound in structure and names; \(Format.bytes(dict.byteCount)) of tensors were not read (--all does)"
    )
    return lines
  }

  /// What the pickle names, and what torch would say of it.
  private var globals: [String] {
    guard let verdict = weightsOnly else { return [] }
    let names = checkpoint.globals
    let counts = Checkpoint.Global.Class.allCases.map { kind in
      "\(names.count { $0.judgement == kind }) \(kind)"
    }
    var lines = ["  globals    \(Format.plural(names.count, "name")): \(counts.joined(separator: ", "))"]
    for global in names where global.judgement != .known {
      let harm =
        global.harm.map { ", \($0) when it is called\(global.isCalled ? ", and is called" : "")" } ?? ""
      lines.append("             \(Format.name(global.name))  \(global.judgement)\(harm)")
    }
    let opcode = verdict.opcode.map { "the opcode \($0)" }
    let refused = verdict.refused.prefix(3).map { Format.name($0.name) }
    let more = verdict.refused.count - refused.count
    lines.append(
      "  torch.load weights_only=True of torch \(verdict.torch) "
        + (verdict.loads
          ? "loads it"
          : "refuses "
            + ((opcode.map { [$0] } ?? []) + refused + (more > 0 ? ["\(more) more"] : [])).joined(
              separator: ", ")))
    if let line = verdict.safeGlobals {
      lines.append("             unless you trust them: \(Format.name(line))")
    }
    if !verdict.loads {
      lines.append("             converting is safe: nothing here looks a name up, or calls it")
    }
    return lines
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
    if let first = harmfulCalls.first {
      parts.append(
        "loading it in Python calls \(Format.name(first.name)), which \(first.harm ?? "does harm")")
    }
    if isStrict, weightsOnly?.loads == false {
      parts.append("torch.load(weights_only=True) would refuse it, and --strict asks that it does not")
    }
    return parts.joined(separator: ", ")
  }

  private var checksums: String {
    if !integrity.readsBytes { return "not compared: the file is at a server, and --all reads it whole" }
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
