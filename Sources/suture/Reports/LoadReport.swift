internal import SutureArchitectures
internal import SutureCheckpoints
internal import SutureSurgery
internal import SutureTensors
internal import SutureText
internal import SutureWorkflows

/// The schema `suture.load/1`: what would become of a load, as lines and for programs.
struct LoadText {
  let passed: Bool
  let lines: [String]
  let json: JSONReport
  /// What of it would not load, in a sentence.
  let sentence: String

  // MARK: Into a checkpoint

  init(_ check: LoadCheck, isVerbose: Bool) {
    let (report, file, base) = (check.report, check.checkpoint, check.base)
    let rows = LoadRows(isVerbose: isVerbose)
    let flags = check.advice?.repairs.flags ?? []
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
    lines += rows.named("missing", report.missing)
    lines += rows.named("unexpected", report.unexpected)
    lines += rows.mismatched(report)
    if !report.supplied.isEmpty {
      lines.append(
        "  \(LoadRows.label("filled in"))\(Format.count(report.supplied.count))  num_batches_tracked, by PyTorch, because "
          + "the file has no _metadata")
    }
    lines += rows.untrained(check.untrained, "in the file")
    lines += rows.untrained(check.untrainedInBase, "in the model, and the file does not give them any")
    if let left = check.advice?.report {
      let outcome =
        left.passed
        ? "then it loads"
        : "then \(Format.count(left.loaded.count)) keys load, \(Format.count(left.missing.count)) are missing, "
          + "\(Format.count(left.unexpected.count)) unexpected, \(Format.count(left.mismatched.count)) of another size"
      lines += Self.advice(flags, file, outcome: " \(outcome):")
    }
    let more = isVerbose ? "" : " (-v prints PyTorch's own lines)"
    lines += [
      "",
      report.passed
        ? "loads: load_state_dict takes all \(Format.plural(report.baseCount, "key")) from the file"
        : "does not load: load_state_dict would raise\(more)",
    ]
    if isVerbose { lines += Self.pyTorch(check.errorLines, "PyTorch would say:") }
    (passed, self.lines, sentence) = (check.passed, lines, Self.sentence(report))
    json = check.json(flags: check.advice.map(\.repairs.flags))
  }

  // MARK: Into a model file

  init(_ check: ModelLoadCheck, model path: String, isVerbose: Bool) {
    let (report, file) = (check.report, check.checkpoint)
    let rows = LoadRows(isVerbose: isVerbose)
    var lines = [
      "into \(path): \(check.dialect == .yolov5 ? "a" : "an") \(check.dialect.program) model file, \(Format.plural(report.baseCount, "key"))",
      "",
      "  loads      \(Format.count(report.loaded.count)) of the \(Format.plural(report.fileCount, "key")) of "
        + "\(file.path)\(Notes.place(file)); a forward pass reads \(Format.count(check.live.count)) of them",
    ]
    if report.hasNoOverlap {
      lines.append(
        "  ALARM      not one key of the file is a key of the model: model_dict.update would load nothing, and "
          + "load_state_dict would say that the keys are unexpected")
    }
    if !check.initialBackbone.isEmpty {
      lines.append(
        "  ALARM      \(Format.plural(check.initialBackbone.count, "key")) of the backbone that a forward pass reads get "
          + "nothing from the file, and YOLOv5 would not say so: gamma stays at 1e-6, and their blocks do nothing"
      )
    }
    lines += rows.named("backbone", check.initialBackbone)
    lines += rows.named(
      "initial", check.initialElsewhere, what: "of the neck and head stay at their initial values")
    lines += rows.named(
      "unread", check.initialUnread,
      what: "of the backbone stay at their initial values, and nothing reads them")
    lines += rows.named("unexpected", check.unexpected)
    lines += rows.mismatched(report)
    lines += rows.named(
      "fused", check.fused,
      what:
        "of the file's convolutions hold the norm behind them, as fuse() leaves it; the model's own do not, and "
        + "training goes on from files that were not fused")
    lines += rows.untrained(check.untrained, "in the file")
    lines += check.assumptions.map { "  \(LoadRows.label("assumed"))\($0.what) \($0.value): \($0.because)" }
    if !check.adviceFlags.isEmpty { lines += Self.advice(check.adviceFlags, file, outcome: "") }
    let more = isVerbose ? "" : " (-v prints PyTorch's own lines)"
    let raises = !check.unexpected.isEmpty || !report.mismatched.isEmpty
    lines += [
      "",
      check.passed
        ? "fits: every key of the file loads, and every block gets what a forward pass reads"
        : raises
          ? "does not fit: load_state_dict would raise\(more)"
          : "does not fit: it loads without an error, and leaves parts of the backbone untrained",
    ]
    if isVerbose { lines += Self.pyTorch(check.errorLines, "PyTorch would say, after model_dict.update:") }
    (passed, self.lines, sentence) = (check.passed, lines, Self.sentence(report))
    json = check.json(model: path, flags: check.advice == nil ? nil : check.adviceFlags)
  }

  // MARK: What both have

  private static func sentence(_ report: LoadReport) -> String {
    "of \(Format.plural(report.baseCount, "key")) of the model \(Format.count(report.loaded.count)) would load; "
      + "\(Format.count(report.missing.count)) are missing, \(Format.count(report.unexpected.count)) unexpected, "
      + "\(Format.count(report.mismatched.count)) of another size"
  }

  private static func advice(_ flags: [String], _ file: Checkpoint, outcome: String) -> [String] {
    let words = Shell.words(flags)
    return [
      "  did you mean \(words)?\(outcome)",
      "    suture edit \(Shell.words([file.path])) -o OUT \(words)",
    ]
  }

  private static func pyTorch(_ error: [String]?, _ title: String) -> [String] {
    error.map { ["", title, ""] + $0.prefix(1) + $0.dropFirst().map { "\t" + $0 } } ?? []
  }
}

extension ModelLoadCheck {
  /// The words of `edit` that do what is advised.
  fileprivate var adviceFlags: [String] {
    switch advice {
    case .preset(let preset): ["--preset", preset.name]
    case .repairs(let repairs): repairs.flags
    case nil: []
    }
  }
}

/// The lines in which a load is told: a count, and names folded below one another.
private struct LoadRows {
  let isVerbose: Bool

  private static let mostRows = 12

  static func label(_ word: String) -> String {
    word + String(repeating: " ", count: max(1, 11 - word.count))
  }

  /// A count, and the names folded below one another.
  ///
  /// - Parameter what: is said beside the count, and the names begin below it.
  func named(
    _ word: String, _ names: [String], what: String? = nil, _ show: (String) -> String = { $0 }
  ) -> [String] {
    if names.isEmpty { return [] }
    let folds = FoldedNames.fold(names)
    let shown = isVerbose ? folds[...] : folds.prefix(Self.mostRows)
    let count = Format.count(names.count)
    let indent = String(repeating: " ", count: 15 + count.count)
    var lines = shown.map { fold in
      indent + show(Format.name(fold.pattern))
        + (fold.count > 1 && folds.count > 1 ? "  (\(fold.count))" : "")
    }
    let start = "  \(Self.label(word))\(count)  "
    if let what { lines.insert(start + what, at: 0) } else { lines[0] = start + lines[0].drop { $0 == " " } }
    if shown.count < folds.count { lines.append("\(indent)… \(folds.count) lines in all, -v shows them") }
    return lines
  }

  /// Keys whose sizes are others in the model, and those that loading casts.
  func mismatched(_ report: LoadReport) -> [String] {
    report.mismatched.grouped {
      "\(Format.shape($0.found)) in the file, \(Format.shape($0.expected)) in the model"
    }.flatMap { shapes, members in named("size", members.map(\.name)) { "\($0)  \(shapes)" } }
      + report.recast.grouped { "\($0.found) in the file, \($0.expected) in the model" }.map {
        dtypes, members in
        "  \(Self.label("dtype"))\(Format.count(members.count))  \(dtypes): loading casts them"
      }
  }

  func untrained(_ blocks: [String], _ place: String) -> [String] {
    if blocks.isEmpty { return [] }
    let folds = FoldedNames.fold(blocks).map { Format.name($0.pattern) }
    let verb = blocks.count == 1 ? "block never got its weights" : "blocks never got their weights"
    return [
      "  \(Self.label("untrained"))\(Format.count(blocks.count)) \(verb), gamma is 1e-6 throughout, \(place): "
        + folds.joined(separator: ", ")
    ]
  }
}
