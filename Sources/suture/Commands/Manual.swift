struct Manual: Command {
  static let name = "man"
  static let summary = "Print a manual page, of a command or of all, for man -l -."
  static let details = "make install puts them where man finds them: man suture, man suture-inspect."

  static var arguments: [Argument<Self>] {
    [
      .operands("COMMAND", "Whose page; the overview where none is named.", \.names).offering {
        CommandList.all.map { $0.name }
      }
    ]
  }

  var names: [String] = []

  mutating func run() throws -> ExitCode {
    guard names.count < 2 else { throw UsageError("one page at a time") }
    guard let name = names.first else {
      try Console.print(ManualPage.overview, wraps: false)
      return .done
    }
    guard let command = CommandList.named(name) else {
      throw UsageError("there is no command \"\(name)\"", hints: ["suture --help lists the commands"])
    }
    try Console.print(ManualPage.page(of: command), wraps: false)
    return .done
  }
}
