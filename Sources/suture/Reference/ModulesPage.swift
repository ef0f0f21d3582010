internal import SutureArchitectures

/// The page of the modules of model files.
extension ReferencePage {
  static var modules: ReferencePage {
    ReferencePage(name: "Modules") {
      let all = ModelFile.modules
      return head("The modules", "Everything that a row of a model file of YOLOv5 or Ultralytics may name.")
        + """
        A row is `[from, number, module, arguments]`. The channels that come in are not written there; those that come out are given
        before the width multiple. ``ModelFile/modules`` lists the modules, and what stands here is made from it; `suture modules NAME`
        prints it.

        What stands in a row is checked before anything is built: how many arguments there are, what each may be, groups that divide
        the channels, sizes that fit together. What YOLOv5 would build wrongly, or not at all, is refused with its line and column.


        """
        + Markdown.table(
          ["Module", "Of", "What it computes"],
          all.map { [Markdown.code($0.name), $0.whose, Markdown.escaped($0.summary)] })
        + all.map { module in
          section(module, isAlone: all.filter { $0.name == module.name }.count == 1)
        }.joined()
    }
  }

  private static func section(_ module: ModuleDescription, isAlone: Bool) -> String {
    let rows = module.arguments.map { argument in
      [
        Markdown.code(argument.name), Markdown.escaped(argument.takes),
        argument.usual.map(Markdown.code) ?? "required",
      ]
    }
    return """

      ### \(module.name)\(isAlone ? "" : " of \(module.whose)")

      \(isAlone ? "Of \(module.whose): " : "")\(Markdown.escaped(module.summary)). A row of it:

          - \(module.example)

      \(rows.isEmpty ? "It takes no arguments.\n" : Markdown.table(["Argument", "What it may be", "Left out"], rows))
      \(module.takesRepeats
        ? "A number of repeats above 1 makes what is inside it as often."
        : "A number of repeats above 1 makes so many of it, one behind the other.")

      """
  }
}
