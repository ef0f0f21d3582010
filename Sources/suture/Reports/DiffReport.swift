internal import SutureArchitectures
internal import SutureCheckpoints
internal import SutureSurgery
internal import SutureTensors
internal import SutureText
internal import SutureWorkflows

/// What `diff` says: the schema `suture.diff/1`.
struct DiffReport {
  let one: Checkpoint
  let other: Checkpoint
  let diff: StateDictDiff
  /// By how many components of their names the values are summed up; `nil` where each tensor has its row.
  let depth: Int?
  let isVerbose: Bool

  private static let (mostRows, mostValues) = (8, 20)

  var lines: [String] {
    var lines = [line("A", one), line("B", other), ""]
    lines += names("removed", diff.removed)
    lines += names("added", diff.added)
    lines += moves("renamed", diff.renamed, "by content")
    lines += moves("copied", diff.copied, "the same content under further names")
    if let advice = diff.advice {
      let flags = Shell.words(advice.repairs.flags)
      lines.append(
        "            with \(flags) A would have \(Format.count(advice.report.loaded.count)) names of B, in B's shapes"
      )
    }
    lines += grouped(
      "reshaped",
      diff.reshaped.map {
        (
          $0.name,
          "\(Format.shape($0.from)) -> \(Format.shape($0.to))\($0.keepsElements ? ", the same elements" : "")"
        )
      })
    lines += grouped("recast", diff.recast.map { ($0.name, "\($0.from) -> \($0.to)") })
    lines.append(
      "  " + Self.label("values")
        + (diff.comparesValues ? summary : "not compared: --shapes looks at names, shapes and dtypes"))
    lines += (depth.map(modules) ?? tensors) + nanLines
    return lines + ["", verdict]
  }

  private func line(_ letter: String, _ checkpoint: Checkpoint) -> String {
    "\(letter)  \(checkpoint.path): \(checkpoint.container.rawValue)\(Notes.place(checkpoint)), "
      + Format.plural(checkpoint.stateDict.count, "tensor")
  }

  private var summary: String {
    let (compared, equal) = (diff.values.count, diff.values.count { $0.difference.isBitEqual })
    let casts =
      diff.castEqualCount == 0 ? "" : ", \(Format.count(diff.castEqualCount)) equal after the cast"
    let start = "\(Format.plural(compared, "tensor")) compared, \(Format.count(equal)) bit-equal\(casts)"
    guard let tolerance = diff.tolerance else {
      return start + ", \(Format.count(diff.values.count(where: Self.differs))) different"
    }
    let failed = diff.values.count { !$0.difference.passed }
    let nan = tolerance.equalNaN ? ", NaN equal to NaN" : ""
    return start
      + ", \(Format.count(failed)) not close (atol \(tolerance.absolute), rtol \(tolerance.relative)\(nan))"
  }

  /// Whether values differ, and not as a cast makes them alone.
  private static func differs(_ values: StateDictDiff.Values) -> Bool {
    !values.difference.passed && (values.difference.notClose != nil || !values.difference.isEqualAfterCast)
  }

  private var verdict: String {
    if diff.passed, !diff.comparesValues { return "the same names, shapes and dtypes" }
    if diff.passed {
      return diff.tolerance == nil ? "the same" : "the same but for differences that are close"
    }
    var parts: [String] = []
    if !diff.hasSameStructure { parts.append("names or shapes") }
    if diff.tolerance == nil, !diff.recast.isEmpty { parts.append("dtypes") }
    if diff.values.contains(where: Self.differs) { parts.append("values") }
    return "different: \(parts.joined(separator: ", "))"
  }

  // MARK: Structure

  private static func label(_ word: String) -> String {
    word + String(repeating: " ", count: max(1, 10 - word.count))
  }

  private func names(_ word: String, _ names: [String]) -> [String] {
    rows(word, names.count, "", FoldedNames.fold(names).map { ($0.pattern, $0.count) })
  }

  /// A heading with a count, and what it is about in rows below.
  private func rows(_ word: String, _ count: Int, _ what: String, _ rows: [(text: String, count: Int)])
    -> [String]
  {
    if count == 0 { return [] }
    var lines = ["  \(Self.label(word))\(Format.count(count))\(what.isEmpty ? "" : "  \(what)")"]
    for row in isVerbose ? rows[...] : rows.prefix(Self.mostRows) {
      lines.append("            \(Format.name(row.text))\(row.count > 1 ? "  (\(row.count))" : "")")
    }
    if rows.count > Self.mostRows, !isVerbose {
      lines.append("            … \(rows.count) lines in all, -v shows them")
    }
    return lines
  }

  private func grouped(_ word: String, _ pairs: [(name: String, what: String)]) -> [String] {
    rows(
      word, pairs.count, "",
      pairs.grouped(by: \.what).flatMap { what, members in
        FoldedNames.fold(members.map(\.name)).map { ("\($0.pattern)  \(what)", $0.count) }
      })
  }

  /// Pairs of names, those together in which one prefix became another.
  private func moves(_ word: String, _ moves: [StateDictDiff.Move], _ what: String) -> [String] {
    let groups = moves.grouped { move in
      if move.isByNaming, let naming = diff.naming {
        return "names of \(naming.from.rawValue) -> names of \(naming.to.rawValue)"
      }
      let reshaped =
        move.fromShape == move.toShape
        ? "" : "  \(Format.shape(move.fromShape)) -> \(Format.shape(move.toShape))"
      guard let prefixes = move.prefixes else { return "\(move.from) -> \(move.to)\(reshaped)" }
      return "\(prefixes.from)* -> \(prefixes.to)*\(reshaped)"
    }
    return rows(word, moves.count, what, groups.map { ($0.key, $0.members.count) })
  }

  // MARK: Values

  /// A row for each tensor that differs, the most changed first.
  private var tensors: [String] {
    let worst = diff.valuesByChange.filter {
      Self.differs($0) || (isVerbose && !$0.difference.isBitEqual)
    }
    if worst.isEmpty { return [] }
    var table = Table(
      [
        ("NAME", .left), ("CHANGE", .right), ("DIFFERING", .right), ("MAX ABS", .right), ("AT", .left),
        ("MAX REL", .right), ("COSINE", .right),
      ], dispensable: ["COSINE", "AT", "MAX REL", "DIFFERING"])
    for value in isVerbose ? worst[...] : worst.prefix(Self.mostValues) {
      let difference = value.difference
      guard difference.isNumeric, !difference.isBitEqual else {
        let why = difference.isBitEqual ? "NaN" : "bits"
        table.add([Format.name(value.name), "–", why, "–", "–", "–", "–"])
        continue
      }
      table.add([
        Format.name(value.name), Self.percent(difference.relativeChange),
        "\(Format.count(difference.differing)) of \(Format.count(difference.elementCount))",
        Format.scientific(difference.maximum), difference.maximumIndex.map(Format.shape) ?? "–",
        Format.scientific(difference.maximumRelative),
        difference.cosine.map { Format.decimal($0, places: 7) } ?? "–",
      ])
    }
    var lines = [""] + table.lines
    if worst.count > Self.mostValues, !isVerbose { lines.append("  … \(worst.count) in all, -v shows them") }
    return lines
  }

  /// A row for each module in which something changed, the most changed first.
  private func modules(depth: Int) -> [String] {
    let changes = diff.changes(depth: depth).filter { isVerbose || $0.changedCount > 0 }
    if changes.isEmpty { return [] }
    var table = Table(
      [("MODULE", .left), ("CHANGE", .right), ("CHANGED", .right), ("MAX ABS", .right), ("MOST", .left)],
      dispensable: ["CHANGED", "MAX ABS"])
    for change in changes {
      table.add([
        Format.name(change.name), Self.percent(change.relativeChange),
        "\(Format.count(change.changedCount)) of \(Format.count(change.comparedCount))",
        Format.scientific(change.maximum), change.most.map(Format.name) ?? "–",
      ])
    }
    return [""] + table.lines
  }

  private static func percent(_ share: Double) -> String {
    share.isFinite ? "\(Format.significant(share * 100)) %" : "inf"
  }

  /// NaNs are in no maximum, so they are told apart.
  private var nanLines: [String] {
    let found = diff.values.map(\.difference)
    let (first, second, both) = found.reduce(into: (0, 0, 0)) {
      $0.0 += $1.nanInFirst
      $0.1 += $1.nanInSecond
      $0.2 += $1.nanInBoth
    }
    if first + second + both == 0 { return [] }
    let meaning =
      diff.tolerance.map { $0.equalNaN ? "equal" : "not close; --equal-nan passes them" }
      ?? "the same where their bits are"
    return [
      "  NaN       \(Format.count(first)) in A alone, \(Format.count(second)) in B alone, "
        + "\(Format.count(both)) in both at one place (\(meaning))"
    ]
  }

  var json: JSONReport { diff.json(one.path, other.path, flags: diff.advice?.repairs.flags, depth: depth) }
}
