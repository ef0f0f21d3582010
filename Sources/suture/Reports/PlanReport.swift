internal import SutureSurgery
internal import SutureTensors
internal import SutureText

extension Plan {
  /// What each step matched, and the folded names that come out.
  func tell(atMost limit: Int) {
    for (index, report) in reports.enumerated() {
      let change = report.before == report.after ? "" : ", \(report.before) -> \(report.after) tensors"
      Console.note("step \(index + 1) \(report.summary): \(Format.plural(report.matched, "key"))\(change)")
      for note in report.notes { Console.note("       \(note)") }
    }
    let accounting = accounting
    let more = [(accounting.merged.count, "merged"), (accounting.replaced.count, "filled anew")]
      .filter { $0.0 > 0 }.map { ", \($0.0) \($0.1)" }.joined()
    Console.note(
      "plan   of the input's keys \(accounting.kept.count) are kept, \(accounting.dropped.count) dropped, "
        + "\(accounting.copied.count) copied\(more); \(Format.plural(output.count, "tensor")) on "
        + "\(Format.plural(output.storages.count, "storage")), \(Format.bytes(storedByteCount))")
    if !accounting.dropped.isEmpty {
      Console.note("       dropped: \(folded(accounting.dropped))")
    }
    for fold in FoldedNames.fold(output.names).prefix(limit) {
      Console.note("       \(Format.name(fold.pattern))\(fold.count > 1 ? "  (\(fold.count))" : "")")
    }
  }

  private func folded(_ names: [String]) -> String {
    FoldedNames.fold(names).map { Format.name($0.pattern) }.joined(separator: ", ")
  }
}
