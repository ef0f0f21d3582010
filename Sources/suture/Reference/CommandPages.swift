/// A page for each command, and the list of them.
extension ReferencePage {
  static var commands: ReferencePage {
    ReferencePage(name: "Commands") {
      head("The commands", "What each command of `suture` takes.") + """
        `suture COMMAND --help` prints the same, `man suture-COMMAND` too where it is installed. Data goes to standard output, all else
        to standard error; <doc:ExitCodes> says how a command ends, <doc:JSONReports> what it prints with `--json`.


        """
        + Markdown.table(
          ["Command", ""],
          CommandList.all.map { ["<doc:suture-\($0.name)>", Markdown.escaped($0.summary)] })
        + "\n### What every command takes\n\n" + table(of: Argument<Inspect>.common.map { Parameter($0) })
        + "\n### What other tools call it\n\nA word of another tool is told which command does that here:\n\n"
        + Markdown.table(
          ["Words", "Command"],
          CommandList.otherWords.map { known in
            [
              known.words.sorted().map(Markdown.code).joined(separator: ", "),
              "<doc:suture-\(known.command)>",
            ]
          })
        + "\n## Topics\n\n" + CommandList.all.map { "- <doc:suture-\($0.name)>\n" }.joined()
    }
  }

  static var commandPages: [ReferencePage] {
    CommandList.all.map { command in
      ReferencePage(name: "Commands/suture-\(command.name)") {
        head("suture \(command.name)", Markdown.escaped(command.summary))
          + "    \(command.usage)\n\n" + table(of: command.parameters)
          + (command.details.isEmpty ? "" : "\n### Notes\n\n" + Markdown.prose(command.details))
          + "\n### See also\n\n<doc:Commands>, <doc:ExitCodes>"
          + (command.parameters.contains { $0.name == "json" } ? ", <doc:JSONReports>" : "")
          + (command.name == Edit.name ? ", <doc:Steps>, <doc:NamingSchemes>" : "") + "\n"
      }
    }
  }

  private static func table(of parameters: [Parameter]) -> String {
    Markdown.table(
      ["Argument", ""],
      parameters.map { parameter in
        [
          Markdown.code(parameter.label + (parameter.isOperand && parameter.isRepeated ? "…" : "")),
          Markdown.escaped(parameter.help),
        ]
      })
  }
}
