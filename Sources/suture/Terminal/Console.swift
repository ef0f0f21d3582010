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

  static func warning(_ line: String) { note(paint("warning: ", .yellow) + line) }

  static func error(_ diagnosis: Diagnosis) { error(diagnosis.message, hints: diagnosis.hints) }

  static func error(_ text: String, hints: [String] = []) {
    note(([paint("error: ", .red) + text] + hints.map { "  \($0)" }).joined(separator: "\n"))
  }

  private enum Colour: Int, CaseIterable { case none = 0, red = 31, yellow = 33 }

  /// Colours a word, where the reader is a person who has not said otherwise.
  private static func paint(_ text: String, _ colour: Colour) -> String {
    usesColour && StandardStream.error.isTerminal ? sequence(colour) + text + sequence(.none) : text
  }

  private static func sequence(_ colour: Colour) -> String { "\u{1B}[\(colour.rawValue)m" }

  private static let usesColour =
    (CurrentProcess.environment("NO_COLOR") ?? "").isEmpty && CurrentProcess.environment("TERM") != "dumb"
    && !CommandLine.arguments.contains("--no-color")

  /// The text with nothing in it that a terminal acts on but ends of lines and the colours from here.
  private static func inert(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { (32..<127).contains($0) || $0 == 9 || $0 == 10 }
    if isPlain { return text }
    return text.split(separator: "\n", omittingEmptySubsequences: false).map(inertLine).joined(
      separator: "\n")
  }

  private static func inertLine(_ line: Substring) -> String {
    var (result, rest) = ("", line)
    while let colour = Colour.allCases.compactMap({ rest.firstRange(of: sequence($0)) })
      .min(by: { $0.lowerBound < $1.lowerBound })
    {
      result += inertWords(rest[..<colour.lowerBound]) + rest[colour]
      rest = rest[colour.upperBound...]
    }
    return result + inertWords(rest)
  }

  /// What PyTorch says is set with tabs.
  private static func inertWords(_ text: Substring) -> String {
    text.split(separator: "\t", omittingEmptySubsequences: false).map(\.visible).joined(separator: "\t")
  }
}
