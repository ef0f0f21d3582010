internal import SutureCheckpoints
internal import SutureSurgery

extension CheckModel {
  var text: String {
    let rows = LoadRows(isVerbose: isVerbose)
    var lines = [
      "into \(path): a YOLOv5 model file, \(Format.plural(report.baseCount, "key"))", "",
      "  loads      \(Format.count(report.loaded.count)) of the \(Format.plural(report.fileCount, "key")) of "
        + "\(file.path)\(Notes.place(file)); a forward pass reads \(Format.count(live.count)) of them",
    ]
    if report.hasNoOverlap {
      lines.append(
        "  ALARM      not one key of the file is a key of the model: model_dict.update would load nothing, and "
          + "load_state_dict would say that the keys are unexpected")
    }
    if !initialBackbone.isEmpty {
      lines.append(
        "  ALARM      \(Format.plural(initialBackbone.count, "key")) of the backbone that a forward pass reads get nothing "
          + "from the file, and YOLOv5 would not say so: gamma stays at 1e-6, and their blocks do nothing")
    }
    lines += rows.named("backbone", initialBackbone)
    lines += rows.named(
      "initial", initialElsewhere, what: "of the neck and head stay at their initial values")
    lines += rows.named(
      "unread", initialUnread, what: "of the backbone stay at their initial values, and nothing reads them")
    lines += rows.named("unexpected", unexpected)
    for (shapes, names) in LoadRows.grouped(report.mismatched.map { ($0.name, LoadRows.shapes($0)) }) {
      lines += rows.named("size", names) { "\($0)  \(shapes)" }
    }
    for (dtypes, names) in LoadRows.grouped(
      report.recast.map { ($0.name, "\($0.found) in the file, \($0.expected) in the model") })
    {
      lines.append(
        "  \(LoadRows.label("dtype"))\(Format.count(names.count))  \(dtypes): loading casts them")
    }
    lines += rows.untrained(untrained, "in the file")
    if let advice {
      lines += [
        "  did you mean \(Shell.words(advice))?",
        "    suture edit \(Shell.words([file.path])) -o OUT \(Shell.words(advice))",
      ]
    }
    lines += ["", verdict]
    if isVerbose, let error {
      lines += ["", "PyTorch would say, after model_dict.update:", ""]
      lines += error.split(separator: "\n", omittingEmptySubsequences: false).map { line in
        line.hasPrefix("\t") ? "\t" + Format.name(String(line.dropFirst())) : Format.name(String(line))
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private var verdict: String {
    if passed { return "fits: every key of the file loads, and every block gets what a forward pass reads" }
    if !unexpected.isEmpty || !report.mismatched.isEmpty {
      return "does not fit: load_state_dict would raise\(isVerbose ? "" : " (-v prints PyTorch's own lines)")"
    }
    return "does not fit: it loads without an error, and leaves parts of the backbone untrained"
  }
}
