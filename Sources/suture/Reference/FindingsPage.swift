internal import SutureText
internal import SutureWorkflows

/// What `check` finds, each kind with its rule.
extension ReferencePage {
  static var findings: ReferencePage {
    ReferencePage(name: "Findings") {
      head("Findings", "What check finds in a file: the rules of its SARIF.") + """
        Each kind of finding is one rule of `check --format sarif`, whose identifier stays as it is. An error fails the check; with
        `--strict` what `torch.load(weights_only=True)` would refuse is an error too, and with `--allow-nan` NaN is a note. In the
        library they are ``Finding``s of a ``CheckReport``, and ``FindingKind`` has the rules. <doc:WhereYouWork> says what takes them.


        """
        + Markdown.table(
          ["Rule", "Level", ""],
          FindingKind.allCases.map { kind in
            [Markdown.code(kind.rawValue), kind.level.rawValue, Markdown.escaped(kind.title)]
          })
        + FindingKind.allCases.map { kind in
          "\n### \(kind.rawValue)\n\n\(Markdown.escaped(kind.title)). \(Markdown.escaped(kind.fullDescription))\n"
        }.joined()
    }
  }
}
