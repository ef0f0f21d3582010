internal import SutureArchitectures
internal import SutureCheckpoints
internal import SutureSurgery
internal import SutureText
internal import SutureWorkflows

extension Building.Prepared {
  /// Says which keys come from where.
  func tell() {
    let (loaded, initial) = (loaded, initial)
    Console.note("build  \(path): \(Format.plural(plan.output.count, "key"))")
    if let backbone {
      Console.note(
        "       \(Format.count(loaded.count)) come from \(backbone.path), \(Format.count(live.count)) of them read by a "
          + "forward pass")
      list(loaded)
    }
    for assumption in model.assumptions {
      Console.note("       assumed \(assumption.what) \(assumption.value): \(assumption.because)")
    }
    Console.note("       \(Format.count(initial.count)) have initial values, seed \(seed)")
    list(initial)
  }

  private func list(_ names: [String]) {
    let folds = FoldedNames.fold(names)
    for fold in folds.prefix(Self.most) { Console.note("         \(fold.counted)") }
    if folds.count > Self.most {
      let rest = folds.dropFirst(Self.most).reduce(0) { $0 + $1.count }
      Console.note("         and \(Format.plural(rest, "key")) more; --json lists all")
    }
  }

  private static let most = 8
}
