/// The commands, in the order in which people meet them.
enum CommandList {
  static var all: [any Command.Type] {
    [
      Inspect.self, Print.self, Convert.self, Edit.self, GraftCommand.self, Build.self,
      Check.self, Diff.self, Why.self, Report.self, Fetch.self, Verify.self, Bench.self,
      PlanParts.self, Apply.self,
      Presets.self, Modules.self, Completions.self, Manual.self,
    ]
  }

  static func named(_ name: String) -> (any Command.Type)? { all.first { $0.name == name } }

  /// What other tools call what a command does.
  static let otherWords: [(words: Set<String>, command: String, does: String)] = [
    (
      ["ls", "list", "info", "dump", "stat", "summary"], "inspect", "shows what is in a file"
    ),
    (["show", "cat", "head", "values"], "print", "shows the values of tensors"),
    (
      ["merge", "join", "combine", "update", "load_state_dict"], "graft",
      "puts the keys of one file into another"
    ),
    (
      ["rename", "drop", "cast", "strip", "prune", "split", "average", "cut"], "edit",
      "does that as a step: edit --help"
    ),
    (["export", "save", "to", "cp", "copy", "shard"], "convert", "writes a file in another format"),
    (["compare", "cmp"], "diff", "compares two files"),
    (["scan", "lint", "validate"], "check", "says whether a file is whole, and what is in its pickle"),
    (["run", "infer", "predict", "test", "detect"], "verify", "runs the network"),
    (["download", "get", "pull"], "fetch", "fetches a checkpoint and checks its hash"),
    (["trace", "blame", "explain"], "why", "tells where a tensor comes from"),
    (["new", "init", "create"], "build", "makes the state dict of a model file"),
    (["benchmark", "time", "profile"], "bench", "times the network"),
  ]
}
