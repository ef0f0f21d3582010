internal import SutureCheckpoints
internal import SutureJSON
internal import SutureSurgery
internal import SutureTensors
internal import SutureText

/// What `why` says: the schema `suture.why/1`.
struct WhyReport {
  let checkpoint: Checkpoint
  let name: String
  let tensor: Tensor
  /// The first run first, each with what its steps did to the name.
  let runs: [(run: Provenance.Run, steps: ArraySlice<NameTrace.Step>)]
  /// What it may have been called in the first input; `nil` where that cannot be told.
  let sources: [String]?

  init(checkpoint: Checkpoint, name: String, tensor: Tensor) {
    (self.checkpoint, self.name, self.tensor) = (checkpoint, name, tensor)
    let recorded = checkpoint.provenance?.runs ?? []
    let trace = NameTrace(name, through: recorded.flatMap(\.steps).map { $0.stringValue ?? "" })
    var rest = trace.steps[...]
    runs = recorded.map { run in
      defer { rest = rest.dropFirst(run.steps.count) }
      return (run, rest.prefix(run.steps.count))
    }
    sources = runs.isEmpty ? nil : trace.sources
  }

  /// The other names of the same bytes.
  private var aliases: [String] {
    checkpoint.stateDict.sharing.filter(\.isAliasing).map(\.names).first { $0.contains(name) }?
      .filter { $0 != name } ?? []
  }

  // MARK: Text

  var text: String {
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
      return lines.joined(separator: "\n") + "\n"
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
    }
    lines += ["", conclusion]
    return lines.joined(separator: "\n") + "\n"
  }

  private static func change(_ step: NameTrace.Step) -> String {
    guard let after = step.after else { return "?" }
    guard let before = step.before else { return "? -> \(list(after))" }
    return before == after ? list(after) : "\(list(before)) -> \(list(after))"
  }

  /// All are in the JSON.
  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(3).map(Format.name).joined(separator: " or ")
    return names.count > 3 ? "\(shown) or \(names.count - 3) more" : shown
  }

  private var conclusion: String {
    guard let sources else {
      return "what it was called in the first input cannot be told from the steps"
    }
    let place = runs[0].run.sources.first.map { Format.name($0.name) } ?? "the first input"
    return "its name was \(Self.list(sources)) in \(place)"
  }

  // MARK: JSON

  var json: JSONValue {
    let strings = { (names: [String]?) in
      names.map { JSONValue.array($0.map { .string($0) }) } ?? .null
    }
    return [
      "schema": "suture.why/1", "path": .string(checkpoint.path), "name": .string(name),
      "aliases": strings(aliases),
      "runs": .array(
        runs.map { run, steps in
          [
            "tool": .string(run.tool),
            "sources": .array(
              run.sources.map { ["name": .string($0.name), "sha256": .string($0.sha256)] }),
            "steps": .array(
              steps.map {
                ["step": .string($0.text), "before": strings($0.before), "after": strings($0.after)]
              }),
          ]
        }),
      "source_names": strings(sources),
    ]
  }
}
