internal import SutureBytes
internal import SutureText
internal import SutureWorkflows

/// The mouth of the command: data goes to standard output, everything that is said about it to standard error.
///
/// Whatever comes from files is made inert on its way, so that no name can act on a terminal.
enum Console {
  /// Writes a report, each of whose lines is one line, whatever it holds.
  static func print(_ lines: [String]) throws {
    var text = ""
    for line in lines {
      text += inert(line) + "\n"
      // A report of a large file is not to be in memory twice.
      if text.utf8.count >= 1 << 16 {
        try write(text)
        text = ""
      }
    }
    try write(text)
  }

  /// Writes text of our own, which has lines, and in which nothing of a file stands as it is.
  static func print(_ text: String) throws {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if lines.last == "" { lines.removeLast() }
    try print(lines)
  }

  /// Prints a report for programs.
  static func print(_ report: JSONReport, isLine: Bool = false) throws {
    try write(report.text(isLine: isLine))
  }

  /// A reader that went away ends the process quietly, as it would any filter.
  private static func write(_ text: String) throws {
    do { try StandardStream.output.write(text) } catch let error as SystemError where error.isBrokenPipe {
      CurrentProcess.exit(0)
    }
  }

  /// Says a line about the work.
  static func note(_ line: String) { say("", [line]) }

  static func warning(_ line: String) { say(paint("warning: ", .yellow), [line]) }

  static func error(_ diagnosis: Diagnosis) { error(diagnosis.message, hints: diagnosis.hints) }

  /// Says what is wrong in one line, and each hint in one of its own: what comes from a file makes no others.
  static func error(_ text: String, hints: [String] = []) {
    say(paint("error: ", .red), [text] + hints.map { "  \($0)" })
  }

  /// Only `start` may hold colours: those of a file are no colours from here.
  private static func say(_ start: String, _ lines: [String]) {
    let text = lines.map { $0.visible(atMost: longest) }.joined(separator: "\n")
    try? StandardStream.error.write(start + text + "\n")
  }

  /// As much as anyone reads in a line about the work; reports for programs have all.
  private static let longest = 10_000

  private enum Colour: Int { case none = 0, red = 31, yellow = 33 }

  /// Colours a word, where the reader is a person who has not said otherwise.
  private static func paint(_ text: String, _ colour: Colour) -> String {
    usesColour && StandardStream.error.isTerminal ? sequence(colour) + text + sequence(.none) : text
  }

  private static func sequence(_ colour: Colour) -> String { "\u{1B}[\(colour.rawValue)m" }

  private static let usesColour =
    (CurrentProcess.environment("NO_COLOR") ?? "").isEmpty && CurrentProcess.environment("TERM") != "dumb"
    && !CommandLine.arguments.contains("--no-color")

  /// A line with nothing in it that a terminal acts on, but for the tab with which lines of PyTorch's begin.
  private static func inert(_ line: String) -> String {
    line.utf8.first == 9 ? "\t" + line.dropFirst().visible : line.visible
  }
}
