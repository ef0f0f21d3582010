internal import SutureCheckpoints
internal import SutureSurgery
internal import SutureTensors

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
    lines += rows.named("missing", report.missing) { $0 }
    lines += rows.named("unexpected", report.unexpected) { $0 }
    for (shapes, names) in LoadRows.grouped(report.mismatched.map { ($0.name, LoadRows.shapes($0)) }) {
      lines += rows.named("size", names) { "\($0)  \(shapes)" }
    }
    for (dtypes, names) in LoadRows.grouped(
      report.recast.map { ($0.name, "\($0.found) in the file, \($0.expected) in the model") })
    {
      lines.append("  \(LoadRows.label("dtype"))\(Format.count(names.count))  \(dtypes): loading casts them")
    }
    if !report.supplied.isEmpty {
      lines.append(
        "  \(LoadRows.label("filled in"))\(Format.count(report.supplied.count))  num_batches_tracked, by PyTorch, because "
          + "the file has no _metadata")
    }
    lines += rows.untrained(untrained, "in the file")
    lines += rows.untrained(untrainedInBase, "in the model, and the file does not give them any")
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

  private var rows: LoadRows { LoadRows(isVerbose: isVerbose) }

  private var verdict: String {
    if report.passed {
      return "loads: load_state_dict takes all \(Format.plural(report.baseCount, "key")) from the file"
    }
    let verb = isVerbose ? "" : " (-v prints PyTorch's own lines)"
    return "does not load: load_state_dict would raise\(verb)"
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
}
