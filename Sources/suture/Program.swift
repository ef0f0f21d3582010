internal import SutureBytes
internal import SutureText
internal import SutureWorkflows

/// The command: finds the subcommand, runs it, and turns whatever it throws into a message and an exit code.
@main
struct Program {
  private static var commands: [any Command.Type] {
    [
      Inspect.self, Convert.self, Edit.self, GraftCommand.self, Build.self, Presets.self, Modules.self,
      Check.self,
      Diff.self, Why.self,
      Verify.self, Bench.self,
    ]
  }

  static func main() {
    CurrentProcess.ignoreBrokenPipes()
    CurrentProcess.nameTimeZone()
    removeUnfinishedFilesOnSignals()
    let words = CommandLine.arguments.dropFirst().filter { $0 != "--no-color" }
    do {
      CurrentProcess.exit(try run(Array(words)).rawValue)
    } catch {
      let diagnosis = Diagnosis(error)
      Console.error(diagnosis)
      // Whoever asked for JSON gets it whatever happens.
      if words.prefix(while: { $0 != "--" }).contains("--json") {
        try? Console.print(diagnosis.report(), isLine: true)
      }
      CurrentProcess.exit(diagnosis.code.rawValue)
    }
  }

  private static func run(_ words: [String]) throws -> ExitCode {
    guard let first = words.first else {
      overview.split(separator: "\n", omittingEmptySubsequences: false).forEach { Console.note(String($0)) }
      return .failure(.usage)
    }
    switch first {
    case "--help", "-h":
      try Console.print(overview)
      return .done
    case "help":
      try Console.print(words.count > 1 ? try command(words[1]).help : overview)
      return .done
    case "--version", "version":
      try Console.print("suture \(SutureVersion.text)\n")
      return .done
    default:
      let command = try command(first)
      let rest = Array(words.dropFirst())
      if rest.prefix(while: { $0 != "--" }).contains(where: { $0 == "--help" || $0 == "-h" }) {
        try Console.print(command.help)
        return .done
      }
      do { return try command.run(words: rest) } catch {
        var diagnosis = Diagnosis(error)
        if error is UsageError {
          diagnosis.remedies.append(.advice("suture \(command.name) --help shows how"))
        } else if command.writes, [.usage, .refused, .doesNotFit].contains(diagnosis.kind) {
          // What is refused is refused before anything is written.
          diagnosis.remedies.append("nothing was written")
        }
        throw diagnosis
      }
    }
  }

  private static func command(_ name: String) throws -> any Command.Type {
    if let found = commands.first(where: { $0.name == name }) { return found }
    let near =
      Spelling.nearest(to: name, among: commands.map { $0.name }).map { ["did you mean \($0)?"] } ?? []
    throw UsageError("there is no command \"\(name)\"", hints: near + ["suture --help lists the commands"])
  }

  private static var overview: String {
    let width = commands.map { $0.name.count }.max() ?? 0
    let list = commands.map { command in
      "  \(command.name)\(String(repeating: " ", count: width - command.name.count + 2))\(command.summary)"
    }
    return """
      suture \(SutureVersion.text): weight surgery for PyTorch checkpoints

      usage: suture COMMAND …

      \(list.joined(separator: "\n"))

      suture COMMAND --help tells more. Files are told by their content; nothing in them is ever executed.

      exit codes: 0 done · 1 done, and the answer is no · 2 usage · 3 unreadable file · 4 unsafe content ·
      5 plan refused · 6 shapes or dtypes do not fit · 7 cannot write · 130 interrupted

      """
  }
}
