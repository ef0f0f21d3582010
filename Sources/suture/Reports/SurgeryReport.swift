internal import SutureSurgery
internal import SutureTensors
internal import SutureText

extension Graft {
  /// Says what becomes of each key.
  func tell() {
    let count = output.count
    Console.note(
      "graft  of \(Format.plural(count, "key")) \(Format.count(replaced.count)) come from the part, "
        + "\(Format.count(stayed.count)) stay as they are in the base")
    list("from the part", replaced)
    list("stays", stayed)
    if !unexpected.isEmpty {
      let added = output.count > replaced.count + stayed.count
      list(
        added ? "added, though the base has no such key" : "left out, since the base has no such key",
        unexpected)
    }
    if !excluded.isEmpty { list("excluded", excluded) }
    for sentence in idleChoices { Console.note("       \(sentence)") }
    for untied in untied { Console.warning(untied.sentence) }
    for (change, keys) in recast.grouped(by: { "\($0.from) to \($0.to)" }) {
      Console.note(
        "       cast \(change): \(Format.plural(keys.count, "key")), as load_state_dict copies them")
    }
    let narrowed = recast.filter { $0.from.byteCount > $0.to.byteCount }.count
    if narrowed > 0 {
      Console.warning("\(Format.plural(narrowed, "key")) of the part lose precision in the base's dtype")
    }
  }

  private func list(_ title: String, _ names: [String]) {
    let folds = FoldedNames.fold(names)
    for fold in folds.prefix(Self.most) {
      Console.note("       \(title): \(fold.counted)")
    }
    if folds.count > Self.most {
      let rest = folds.dropFirst(Self.most).reduce(0) { $0 + $1.count }
      Console.note("       \(title): and \(Format.plural(rest, "key")) more; --json lists all")
    }
  }

  private static let most = 12
}

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
      let names = FoldedNames.fold(accounting.dropped).map { Format.name($0.pattern) }
      Console.note("       dropped: \(names.joined(separator: ", "))")
    }
    for fold in FoldedNames.fold(output.names).prefix(limit) {
      Console.note("       \(fold.counted)")
    }
  }
}

extension FoldedNames {
  /// The pattern, and how many names it stands for.
  var counted: String { Format.name(pattern) + (count > 1 ? "  (\(count))" : "") }
}
