internal import SutureBytes

/// Data goes to standard output, everything that is said about it to standard error.
enum Console {
  /// Writes data.
  ///
  /// A reader that went away ends the process quietly, as it would any filter.
  static func print(_ text: String) throws {
    do { try StandardStream.output.write(text) } catch let error as SystemError where error.isBrokenPipe {
      CurrentProcess.exit(0)
    }
  }

  /// Says a line about the work.
  static func note(_ line: String) { try? StandardStream.error.write(line + "\n") }

  static func warning(_ line: String) { note(paint("warning: ", .yellow) + line) }

  static func error(_ text: String, hints: [String] = []) {
    note(([paint("error: ", .red) + text] + hints.map { "  \($0)" }).joined(separator: "\n"))
  }

  enum Colour: Int { case red = 31, green = 32, yellow = 33 }

  /// Colours a word, where the reader is a person who has not said otherwise.
  static func paint(_ text: String, _ colour: Colour, on stream: StandardStream = .error) -> String {
    usesColour && stream.isTerminal ? "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m" : text
  }

  private static let usesColour =
    (CurrentProcess.environment("NO_COLOR") ?? "").isEmpty && CurrentProcess.environment("TERM") != "dumb"
    && !CommandLine.arguments.contains("--no-color")
}
