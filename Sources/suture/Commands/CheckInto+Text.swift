internal import Checkpoints
internal import Surgery
internal import Tensors

extension CheckInto {
  var text: String {
    var lines = [
      "into \(base.path): \(base.container.rawValue)\(Notes.place(base)), "
        + "\(Format.plural(report.baseCount, "key"))",
      "",
      "  loads      \(Format.count(report.loaded.count)) of the \(Format.plural(report.fileCount, "key")) of "
        + "\(file.path)\(Notes.place(file))",
    ]
    if report.hasNoOverlap {
      lines.append(
        "  ALARM      not one key of the file is a key of the model: load_state_dict(strict=False) would load "
          + "nothing, and say nothing")
    }
    lines += rows("missing", report.missing) { $0 }
    lines += rows("unexpected", report.unexpected) { $0 }
    for (shapes, names) in Self.grouped(report.mismatched.map { ($0.name, Self.shapes($0)) }) {
      lines += rows("size", names) { "\($0)  \(shapes)" }
    }
    for (dtypes, names) in Self.grouped(
      report.recast.map { ($0.name, "\($0.found) in the file, \($0.expected) in the model") })
    {
      lines.append("  \(Self.label("dtype"))\(Format.count(names.count))  \(dtypes): loading casts them")
    }
    if !report.supplied.isEmpty {
      lines.append(
        "  \(Self.label("filled in"))\(Format.count(report.supplied.count))  num_batches_tracked, by PyTorch, because "
          + "the file has no _metadata")
    }
    lines += untrainedLines(untrained, "in the file")
    lines += untrainedLines(untrainedInBase, "in the model, and the file does not give them any")
    lines += adviceLines
    lines += ["", verdict]
    if isVerbose, let error = report.errorText(model: modelClass) {
      lines += ["", "PyTorch would say:", ""]
      // Names are shown as they are but for what a terminal would act on.
      lines += error.split(separator: "\n", omittingEmptySubsequences: false).map { line in
        line.hasPrefix("\t") ? "\t" + Format.name(String(line.dropFirst())) : Format.name(String(line))
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private var verdict: String {
    if report.passed {
      return "loads: load_state_dict takes all \(Format.plural(report.baseCount, "key")) from the file"
    }
    let verb = isVerbose ? "" : " (-v prints PyTorch's own lines)"
    return "does not load: load_state_dict would raise\(verb)"
  }

  private static func label(_ word: String) -> String {
    word + String(repeating: " ", count: max(1, 11 - word.count))
  }

  private static let mostRows = 12

  /// A count, and the names folded below one another.
  private func rows(_ word: String, _ names: [String], _ show: (String) -> String) -> [String] {
    if names.isEmpty { return [] }
    let folds = FoldedNames.fold(names)
    let shown = isVerbose ? folds[...] : folds.prefix(Self.mostRows)
    let count = Format.count(names.count)
    let indent = String(repeating: " ", count: 15 + count.count)
    var lines = shown.map { fold in
      indent + show(Format.name(fold.pattern))
        + (fold.count > 1 && folds.count > 1 ? "  (\(fold.count))" : "")
    }
    lines[0] = "  \(Self.label(word))\(count)  " + lines[0].drop { $0 == " " }
    if shown.count < folds.count { lines.append("\(indent)… \(folds.count) lines in all, -v shows them") }
    return lines
  }

  private func untrainedLines(_ blocks: [String], _ place: String) -> [String] {
    if blocks.isEmpty { return [] }
    let folds = FoldedNames.fold(blocks).map { Format.name($0.pattern) }
    let verb = blocks.count == 1 ? "block never got its weights" : "blocks never got their weights"
    return [
      "  \(Self.label("untrained"))\(Format.count(blocks.count)) \(verb), gamma is 1e-6 throughout, \(place): "
        + folds.joined(separator: ", ")
    ]
  }

  private var adviceLines: [String] {
    guard let advice else { return [] }
    let left = advice.report
    let outcome =
      left.passed
      ? "then it loads"
      : "then \(Format.count(left.loaded.count)) keys load, \(Format.count(left.missing.count)) are missing, "
        + "\(Format.count(left.unexpected.count)) unexpected, \(Format.count(left.mismatched.count)) of another size"
    return [
      "  did you mean \(Shell.words(advice.repairs.flatMap(\.flags)))? \(outcome):",
      "    suture edit \(Shell.words([file.path])) -o OUT \(Shell.words(advice.repairs.flatMap(\.flags)))",
    ]
  }

  private static func shapes(_ mismatch: LoadReport.Mismatch) -> String {
    "\(Format.shape(mismatch.found)) in the file, \(Format.shape(mismatch.expected)) in the model"
  }

  /// Names under what is said of them, in the order of the first of each.
  private static func grouped(_ pairs: [(name: String, text: String)]) -> [(text: String, names: [String])] {
    var places: [String: Int] = [:]
    var groups: [(text: String, names: [String])] = []
    for (name, text) in pairs {
      if let place = places[text] {
        groups[place].names.append(name)
      } else {
        places[text] = groups.count
        groups.append((text, [name]))
      }
    }
    return groups
  }
}
