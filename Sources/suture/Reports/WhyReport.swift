internal import SutureCheckpoints
internal import SutureJSON
internal import SutureSurgery
internal import SutureTensors
internal import SutureText
internal import SutureWorkflows

/// What `why` says: the schema `suture.why/1`.
struct WhyReport {
  let checkpoint: Checkpoint
  let name: String
  let tensor: Tensor
  /// The first run first, each with what its steps did to the name.
  let runs: [(run: Provenance.Run, steps: ArraySlice<NameTrace.Step>)]
  private let trace: NameTrace

  init(checkpoint: Checkpoint, name: String, tensor: Tensor) {
    (self.checkpoint, self.name, self.tensor) = (checkpoint, name, tensor)
    let recorded = checkpoint.provenance?.runs ?? []
    let trace = NameTrace(name, through: recorded.flatMap(\.steps))
    var rest = trace.steps[...]
    runs = recorded.map { run in
      defer { rest = rest.dropFirst(run.steps.count) }
      return (run, rest.prefix(run.steps.count))
    }
    self.trace = trace
  }

  /// The other names of the same bytes.
  private var aliases: [String] {
    let own = ExactString(name)
    let groups = checkpoint.stateDict.sharing.filter(\.isAliasing).map { $0.names.map(ExactString.init) }
    return (groups.first { $0.contains(own) } ?? []).filter { $0 != own }.map(\.string)
  }

  // MARK: Text

  var lines: [String] {
    var lines = [
      "\(checkpoint.path): \(Format.name(name))  \(tensor.dtype) \(Format.shape(tensor.shape))"
    ]
    let aliases = aliases
    if !aliases.isEmpty {
      let folds = FoldedNames.fold(aliases).map { Format.name($0.pattern) }
      let more = folds.count > 6 ? ", … \(aliases.count) names in all" : ""
      lines.append("shares its bytes with \(folds.prefix(6).joined(separator: ", "))\(more)")
    }
    lines.append("")
    if runs.isEmpty {
      lines.append("the file does not say where it came from: it has no provenance of suture")
      return lines
    }
    for (index, (run, steps)) in runs.enumerated() {
      lines.append("run \(index + 1)  \(Format.name(run.tool))")
      for source in run.sources {
        lines.append("  from \(Format.name(source.name))  sha256 \(Format.name(source.sha256))")
      }
      if steps.isEmpty { lines.append("  no step: the names stayed as they were") }
      let width = min(steps.map { Format.name($0.text).count }.max() ?? 0, 60)
      for step in steps {
        let text = Format.name(step.text)
        let padding = String(repeating: " ", count: max(0, width - text.count))
        lines.append("  \(text)\(padding)  \(Self.change(step))")
      }
      if let options = run.options {
        let words = (options.members ?? []).map {
          "\($0.key) \($0.value.stringValue ?? JSONWriter.text($0.value))"
        }
        lines.append("  read and written with \(Format.name(words.joined(separator: ", ")))")
      }
    }
    return lines + ["", conclusion]
  }

  private static func change(_ step: NameTrace.Step) -> String {
    guard let after = step.after else { return "?" }
    guard let before = step.before else { return "? -> \(list(after))" }
    if after.isEmpty { return "-" }
    if before == after, step.foreign.isEmpty { return list(after) }
    let foreign = step.foreign.map { "\(Format.name($0.name)) of \(Format.name($0.file))" }
    let all = list(before, step.isAmbiguous ? "or" : "and", and: foreign)
    return "\(all.isEmpty ? "made anew" : all) -> \(list(after))"
  }

  /// All are in the JSON.
  private static func list(_ names: [String], _ word: String = "or", and others: [String] = []) -> String {
    let names = names.map { Format.name($0) } + others
    let shown = names.prefix(3).joined(separator: " \(word) ")
    return names.count > 3 ? "\(shown) \(word) \(names.count - 3) more" : shown
  }

  private var conclusion: String {
    guard let sources = trace.sources else {
      return "what it was called in the first input cannot be told from the steps"
    }
    let place = runs[0].run.sources.first.map { Format.name($0.name) } ?? "the first input"
    let others = trace.steps.flatMap(\.foreign)
    let foreign = others.map { "\(Format.name($0.name)) of \(Format.name($0.file))" }
    switch (sources.count, foreign.isEmpty) {
    case (0, true): return "it was made anew\(maker): nothing of it was in \(place)"
    case (0, false): return "it is \(Self.list([], "and", and: foreign))"
    case (_, false):
      return "it was made of \(Self.list(sources, "and", and: foreign))\(maker); the first is in \(place)"
    case (1, true): return "its name was \(Self.list(sources)) in \(place)"
    default:
      return trace.isAmbiguous
        ? "its name was \(Self.list(sources)) in \(place)"
        : "it was made of \(Self.list(sources, "and")) in \(place)\(maker)"
    }
  }

  /// The last step that made it of several or of none.
  private var maker: String {
    let step = trace.steps.last { !$0.isAmbiguous && ($0.before.map { $0.count != 1 } ?? false) }
    return step.map { ", by \(Format.name($0.text))" } ?? ""
  }

  // MARK: JSON

  var json: JSONReport {
    JSONReport(
      "suture.why/1",
      [
        "path": checkpoint.path, "name": name, "aliases": aliases,
        "runs": runs.map { run, steps -> JSONObject in
          [
            "tool": run.tool,
            "sources": run.sources.map { ["name": $0.name, "sha256": $0.sha256] as JSONObject },
            "options": run.options, "steps": zip(run.steps, steps).map(Self.json),
          ]
        },
        "source_names": runs.isEmpty ? JSONValue.null : trace.sources.json,
      ])
  }

  private static func json(_ record: JSONValue, _ step: NameTrace.Step) -> JSONObject {
    [
      "step": step.text, "record": record.stringValue == nil ? record : nil, "before": step.before.json,
      "after": step.after.json, "ambiguous": step.isAmbiguous,
      "foreign": step.foreign.map { ["file": $0.file, "name": $0.name] as JSONObject },
    ]
  }
}
