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
    for (change, names) in casts {
      Console.note(
        "       cast \(change): \(Format.plural(names.count, "key")), as load_state_dict copies them")
    }
    let narrowed = recast.filter { $0.from.byteCount > $0.to.byteCount }.count
    if narrowed > 0 {
      Console.warning("\(Format.plural(narrowed, "key")) of the part lose precision in the base's dtype")
    }
  }

  private func list(_ title: String, _ names: [String]) {
    let folds = FoldedNames.fold(names)
    for fold in folds.prefix(Self.most) {
      Console.note(
        "       \(title): \(Format.name(fold.pattern))\(fold.count > 1 ? "  (\(fold.count))" : "")")
    }
    if folds.count > Self.most {
      let rest = folds.dropFirst(Self.most).reduce(0) { $0 + $1.count }
      Console.note("       \(title): and \(Format.plural(rest, "key")) more; --json lists all")
    }
  }

  private static let most = 12

  /// The changes of dtype, each with its keys.
  private var casts: [(change: String, names: [String])] {
    var order: [String] = []
    var names: [String: [String]] = [:]
    for (name, from, to) in recast {
      let change = "\(from) to \(to)"
      if names[change] == nil { order.append(change) }
      names[change, default: []].append(name)
    }
    return order.map { ($0, names[$0] ?? []) }
  }
}
