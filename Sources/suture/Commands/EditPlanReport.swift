internal import SutureCheckpoints
internal import SutureJSON
internal import SutureSurgery
internal import SutureTensors

/// A plan as it is told: in a few lines, or for programs.
struct PlanReport {
  let plan: Plan
  let checkpoint: Checkpoint

  /// What each step matched, and the folded names that come out.
  func say(atMost limit: Int) {
    for (index, report) in plan.reports.enumerated() {
      let change = report.before == report.after ? "" : ", \(report.before) -> \(report.after) tensors"
      Console.note("step \(index + 1) \(report.summary): \(Format.plural(report.matched, "key"))\(change)")
      for note in report.notes { Console.note("       \(note)") }
    }
    let accounting = plan.accounting
    let more = [(accounting.merged.count, "merged"), (accounting.replaced.count, "filled anew")]
      .filter { $0.0 > 0 }.map { ", \($0.0) \($0.1)" }.joined()
    Console.note(
      "plan   of the input's keys \(accounting.kept.count) are kept, \(accounting.dropped.count) dropped, "
        + "\(accounting.copied.count) copied\(more); \(Format.plural(plan.output.count, "tensor")) on "
        + "\(Format.plural(plan.output.storages.count, "storage")), \(Format.bytes(plan.storedByteCount))")
    if !accounting.dropped.isEmpty {
      Console.note("       dropped: \(folded(accounting.dropped))")
    }
    for fold in FoldedNames.fold(plan.output.names).prefix(limit) {
      Console.note("       \(Format.name(fold.pattern))\(fold.count > 1 ? "  (\(fold.count))" : "")")
    }
  }

  private func folded(_ names: [String]) -> String {
    FoldedNames.fold(names).map { Format.name($0.pattern) }.joined(separator: ", ")
  }

  /// - Parameter space: how many bytes the files of the output take, where it is known what they are.
  func json(space: Int?) -> JSONValue {
    let strings = { (names: [String]) in JSONValue.array(names.map { .string($0) }) }
    let accounting = plan.accounting
    return [
      "schema": "suture.plan/1",
      "input": .string(checkpoint.path),
      "wrapper": strings(checkpoint.wrapper),
      "keys": .integer(plan.input.count),
      "steps": .array(
        plan.reports.map {
          [
            "step": .string($0.summary), "matched": .integer($0.matched), "keys": strings($0.keys),
            "before": .integer($0.before), "after": .integer($0.after), "notes": strings($0.notes),
          ]
        }),
      "kept": strings(accounting.kept),
      "dropped": strings(accounting.dropped),
      "copied": strings(accounting.copied),
      "merged": strings(accounting.merged),
      "replaced": strings(accounting.replaced),
      "tensors": .integer(plan.output.count),
      "storages": .integer(plan.output.storages.count),
      "bytes": .integer(plan.storedByteCount),
      "space": space.map { .integer($0) } ?? .null,
      "output": .array(
        zip(plan.output.entries, plan.origins).map { entry, origins in
          [
            "name": .string(entry.name), "dtype": .string(entry.tensor.dtype.rawValue),
            "shape": .array(entry.tensor.shape.map { .integer($0) }), "from": strings(origins),
          ]
        }),
      "digest": .string(plan.digest),
    ]
  }
}
