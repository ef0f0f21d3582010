internal import SutureWorkflows

/// Manual pages in the language of man, from the table of arguments.
enum ManualPage {
  static var overview: String {
    let commands = CommandList.all.map { item("suture\\-\(escaped($0.name))(1)", $0.summary) }
    return head("SUTURE")
      + section("NAME", ["suture \\- weight surgery for PyTorch checkpoints"])
      + section("SYNOPSIS", [".B suture", "\\fICOMMAND\\fR …", ".br", ".B suture", "\\fIFILE\\fR"])
      + section("COMMANDS", commands) + section("OPTIONS", common) + section("ENVIRONMENT", environment)
      + section("EXIT STATUS", exitCodes)
      + section("TOPICS", HelpTopic.all.map { item("suture help \(escaped($0.name))", $0.summary) })
  }

  static func page(of command: any Command.Type) -> String {
    let options = command.allParameters.map { item(escaped($0.label), $0.help) }
    let details = command.details.split(separator: "\n", omittingEmptySubsequences: false).map {
      text(String($0))
    }
    return head("SUTURE-" + command.name.uppercased())
      + section("NAME", ["suture-\(command.name) \\- \(escaped(command.summary))"])
      + section("SYNOPSIS", [".B \(escaped(command.usage))"]) + section("OPTIONS", options)
      // What is said under the options is laid out by its lines.
      + (details.isEmpty || command.details.isEmpty ? "" : section("NOTES", [".nf"] + details + [".fi"]))
      + section("EXIT STATUS", exitCodes) + section("SEE ALSO", ["suture(1)"])
  }

  /// What every command takes.
  private static var common: [String] {
    Argument<Inspect>.common.map { Parameter($0) }.map { item(escaped($0.label), $0.help) }
  }

  private static var environment: [String] {
    [
      item("SUTURE_PAGER, PAGER", "What shows long reports on a terminal; less where neither is set."),
      item("NO_COLOR", "Without colours, where it is set."),
      item("TMPDIR", "Where standard input is kept while it is read; /tmp where it is not set."),
      item("SUTURE_LOG", "debug says what is recognized, read, planned and written."),
    ]
  }

  private static var exitCodes: [String] { ExitCode.allCases.map { item(String($0.rawValue), $0.meaning) } }

  private static func head(_ name: String) -> String {
    ".TH \"\(name)\" 1 \"\" \"suture \(SutureVersion.text)\" \"Suture\"\n"
  }

  private static func section(_ title: String, _ lines: [String]) -> String {
    ".SH \(title)\n" + lines.joined(separator: "\n") + "\n"
  }

  private static func item(_ label: String, _ meaning: String) -> String {
    ".TP\n.B \(label)\n\(text(meaning))"
  }

  /// A line that is text, whatever it begins with.
  private static func text(_ line: String) -> String {
    let escaped = escaped(line)
    return line.hasPrefix(".") || line.hasPrefix("'") ? "\\&" + escaped : escaped
  }

  private static func escaped(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      switch character {
      case "\\": result += "\\e"
      case "-": result += "\\-"
      default: result.append(character)
      }
    }
  }
}
