internal import SutureBytes
internal import SutureText
internal import SutureWorkflows

/// The command: finds the subcommand, runs it, and turns whatever it throws into a message and an exit code.
@main
struct Program {
  // A closure in here would be the main actor's, and bring Swift's concurrency and libdispatch, which start with the process.
  static func main() { start() }

  private static func start() {
    useLargePages()
    CurrentProcess.ignoreBrokenPipes()
    CurrentProcess.nameTimeZone()
    removeUnfinishedFilesOnSignals()
    let words = CommandLine.arguments.dropFirst().map(concealed)
    do {
      let code = try run(Array(words)).rawValue
      Console.finish()
      CurrentProcess.exit(code)
    } catch {
      let diagnosis = Diagnosis(error)
      Console.error(diagnosis)
      // Whoever asked for JSON gets it whatever happens.
      if asksForJSON(words.prefix { $0 != "--" }) {
        try? Console.print(diagnosis.report(), isLine: true)
      }
      Console.finish()
      CurrentProcess.exit(diagnosis.code.rawValue)
    }
  }

  /// `--json`, or `--format json` of those commands that have several formats.
  private static func asksForJSON(_ words: ArraySlice<String>) -> Bool {
    words.contains("--json") || words.contains("--format=json")
      || zip(words, words.dropFirst()).contains { $0 == "--format" && $1 == "json" }
  }

  /// A word in which no password stands: `https://USER:PASSWORD@…` or `--from=https://…`.
  private static func concealed(_ word: String) -> String {
    guard word.hasPrefix("--"), let sign = word.firstIndex(of: "=") else { return Address.concealed(word) }
    return word[...sign] + Address.concealed(String(word[word.index(after: sign)...]))
  }

  private static func run(_ words: [String]) throws -> ExitCode {
    // What every command takes may stand before it too.
    let common = Argument<Inspect>.commonWordCount(words)
    if common > 0 {
      guard common < words.count else { throw UsageError("\(words[0]) goes with a command") }
      return try run([words[common]] + words[..<common] + words[(common + 1)...])
    }
    guard let first = words.first else {
      overview.split(separator: "\n", omittingEmptySubsequences: false).forEach { Console.note(String($0)) }
      return .failure(.usage)
    }
    switch first {
    case "--help", "-h":
      Console.beginPaging()
      try Console.print(overview)
      return .done
    case "help":
      let text = try help(of: words.dropFirst().first)
      Console.beginPaging()
      try Console.print(text)
      return .done
    case Completions.asking:
      // Whatever goes wrong here, a shell shows nothing.
      try Console.print(document: Completer(Array(words.dropFirst())).text)
      return .done
    case ReferencePage.asking:
      try Console.print(try ReferencePage.answer(Array(words.dropFirst())), wraps: false)
      return .done
    case "--version", "-V", "version":
      try Console.print("suture \(SutureVersion.text)\n")
      return .done
    default:
      // A file alone is looked at, or said not to be there; the names of commands are no paths.
      let isFile =
        CommandList.named(first) == nil
        && (Inspect.isFile(first) || !first.hasPrefix("-") && first.contains { "./".contains($0) })
      let command = isFile ? Inspect.self : try command(first)
      let rest = isFile ? words : Array(words.dropFirst())
      if rest.prefix(while: { $0 != "--" }).contains(where: { $0 == "--help" || $0 == "-h" }) {
        Console.pages = !rest.contains("--no-pager")
        Console.beginPaging()
        try Console.print(command.help)
        return .done
      }
      if asksForLimits(rest) {
        try Console.print(HelpTopic.limits.text())
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

  /// `--limit help`, whatever else is missing.
  private static func asksForLimits(_ words: [String]) -> Bool {
    let words = words.prefix { $0 != "--" }
    return words.contains("--limit=help")
      || zip(words, words.dropFirst()).contains { $0 == "--limit" && $1 == "help" }
  }

  private static func command(_ name: String) throws -> any Command.Type {
    if let found = CommandList.named(name) { return found }
    if name.hasPrefix("-") {
      let known = ["--help", "--version"] + Argument<Inspect>.common.map { "--\($0.name)" }
      let near = Spelling.nearest(to: name, among: known).map { ["did you mean \($0)?"] } ?? []
      throw UsageError(
        "there is no option \"\(name)\" here",
        hints: near + ["options of a command stand behind it", "suture --help lists the commands"])
    }
    if let ours = CommandList.otherWords.first(where: { $0.words.contains(name) }) {
      throw UsageError("there is no command \"\(name)\"", hints: ["suture \(ours.command) \(ours.does)"])
    }
    let near =
      Spelling.nearest(to: name, among: CommandList.all.map { $0.name }).map { ["did you mean \($0)?"] } ?? []
    throw UsageError("there is no command \"\(name)\"", hints: near + ["suture --help lists the commands"])
  }

  /// The help of a command, or of a topic.
  private static func help(of name: String?) throws -> String {
    guard let name else { return overview }
    if let topic = HelpTopic.all.first(where: { $0.name == name }) { return topic.text() }
    if let command = CommandList.named(name) { return command.help }
    let names = CommandList.all.map { $0.name } + HelpTopic.all.map(\.name)
    let near = Spelling.nearest(to: name, among: names).map { ["did you mean \($0)?"] } ?? []
    throw UsageError(
      "there is no command and no topic \"\(name)\"",
      hints: near + ["the topics are \(HelpTopic.all.map(\.name).joined(separator: ", "))"])
  }

  /// Each code with its meaning, on lines of their own where they are many.
  private static var exitCodes: String {
    var (text, width) = ("", "exit codes: ".count)
    for code in ExitCode.allCases {
      let words = "\(code.rawValue) \(code.meaning)"
      if !text.isEmpty {
        let isFull = width + 3 + words.count > 110
        text += isFull ? " ·\n" : " · "
        width = isFull ? 0 : width + 3
      }
      text += words
      width += words.count
    }
    return text
  }

  private static var overview: String {
    let width = CommandList.all.map { $0.name.count }.max() ?? 0
    let list = CommandList.all.map { command in
      "  \(command.name)\(String(repeating: " ", count: width - command.name.count + 2))\(command.summary)"
    }
    return """
      suture \(SutureVersion.text): weight surgery for PyTorch checkpoints

      usage: suture COMMAND …, or suture FILE, which inspects it

      \(list.joined(separator: "\n"))

      suture COMMAND --help tells more, and suture help TOPIC of \(HelpTopic.all.map(\.name).joined(separator: ", ")).
      Every command takes -q, --quiet, which says nothing but warnings and errors, and --color auto|always|never. Long
      reports go through $SUTURE_PAGER, $PAGER or less on a terminal, but not with --no-pager.
      Files are told by their content, - is standard input; nothing in them is ever executed.

      exit codes: \(exitCodes)

      """
  }
}
