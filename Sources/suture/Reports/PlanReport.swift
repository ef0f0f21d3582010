internal import SutureCheckpoints
internal import SutureSurgery
internal import SutureTensors
internal import SutureText

/// A plan as it is told: in a few lines, or for programs.
struct PlanReport {
  let plan: Plan
  let checkpoint: Checkpoint

  /// What each step matched, and the folded names that come out.
  func tell(atMost limit: Int) {
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

  /// The schema `suture.plan/1`.
  ///
  /// - Parameter space: how many bytes the files of the output take, where it is known what they are.
  func json(space: Int?) -> JSONReport {
    let accounting = plan.accounting
    return JSONReport(
      "suture.plan/1",
      [
        "input": checkpoint.path, "wrapper": checkpoint.wrapper, "keys": plan.input.count,
        "steps": plan.reports.map { report -> JSONObject in
          [
            "step": report.summary, "matched": report.matched, "keys": report.keys, "before": report.before,
            "after": report.after, "notes": report.notes,
          ]
        },
        "kept": accounting.kept, "dropped": accounting.dropped, "copied": accounting.copied,
        "merged": accounting.merged, "replaced": accounting.replaced, "tensors": plan.output.count,
        "storages": plan.output.storages.count, "bytes": plan.storedByteCount,
        "space": space.json,
        "output": zip(plan.output.entries, plan.origins).map { entry, origins -> JSONObject in
          ["name": entry.name, "dtype": entry.tensor.dtype, "shape": entry.tensor.shape, "from": origins]
        },
        "digest": plan.digest,
      ])
  }
}
