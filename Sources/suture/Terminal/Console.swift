internal import SutureBytes
internal import SutureText
internal import SutureWorkflows

/// The mouth of the command: data goes to standard output, everything that is said about it to standard error.
///
/// Whatever comes from files is made inert on its way, so that no name can act on a terminal.
enum Console {
  /// Writes text.
  ///
  /// A reader that went away ends the process quietly, as it would any filter.
  static func print(_ text: String) throws {
    do { try StandardStream.output.write(inert(text)) } catch let error as SystemError
      where error.isBrokenPipe
    {
      CurrentProcess.exit(0)
    }
  }

  /// Prints a report for programs.
  static func print(_ report: JSONReport, isLine: Bool = false) throws {
    try print(report.text(isLine: isLine))
  }

  /// Says a line about the work.
  static func note(_ line: String) { try? StandardStream.error.write(inert(line) + "\n") }

  static func warning(_ line: String) { say(paint("warning: ", .yellow), line.visible) }

  static func error(_ diagnosis: Diagnosis) { error(diagnosis.message, hints: diagnosis.hints) }

  /// Says what is wrong in one line, and each hint in one of its own: what comes from a file makes no others.
  static func error(_ text: String, hints: [String] = []) {
    say(paint("error: ", .red), ([text.visible] + hints.map { "  \($0.visible)" }).joined(separator: "\n"))
  }

  /// Only `start` may hold colours: those of a file are no colours from here.
  private static func say(_ start: String, _ text: String) {
    try? StandardStream.error.write(start + text + "\n")
  }

  private enum Colour: Int { case none = 0, red = 31, yellow = 33 }

  /// Colours a word, where the reader is a person who has not said otherwise.
  private static func paint(_ text: String, _ colour: Colour) -> String {
    usesColour && StandardStream.error.isTerminal ? sequence(colour) + text + sequence(.none) : text
  }

  private static func sequence(_ colour: Colour) -> String { "\u{1B}[\(colour.rawValue)m" }

  private static let usesColour =
    (CurrentProcess.environment("NO_COLOR") ?? "").isEmpty && CurrentProcess.environment("TERM") != "dumb"
    && !CommandLine.arguments.contains("--no-color")

  /// The text with nothing in it that a terminal acts on but ends of lines.
  private static func inert(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { (32..<127).contains($0) || $0 == 9 || $0 == 10 }
    if isPlain { return text }
    return text.split(separator: "\n", omittingEmptySubsequences: false).map(inertWords).joined(
      separator: "\n")
  }

  /// What PyTorch says is set with tabs.
  private static func inertWords(_ text: Substring) -> String {
    text.split(separator: "\t", omittingEmptySubsequences: false).map(\.visible).joined(separator: "\t")
  }
}
