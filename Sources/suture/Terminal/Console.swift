internal import SutureBytes
internal import SutureText
internal import SutureWorkflows

/// The mouth of the command: data goes to standard output, everything that is said about it to standard error.
///
/// Whatever comes from files is made inert on its way, so that no name can act on a terminal.
enum Console {
  /// Writes a report, each of whose lines is one line, whatever it holds; on a terminal that is narrower it is several.
  ///
  /// - Parameter wraps: whether lines may be broken between words.
  static func print(_ lines: [String], wraps: Bool = true) throws {
    var text = ""
    let isColoured = colours(.output)
    let width = wraps ? width(of: .output) : nil
    for line in lines {
      for part in wrapped(inert(line), width) {
        text += isColoured ? verdict(part) : part
        text += "\n"
      }
      // A report of a large file is not to be in memory twice.
      if text.utf8.count >= 1 << 16 {
        try show(text)
        text = ""
      }
    }
    try show(text)
  }

  /// Prints a table, whose cells are inert already: in pieces where nobody looks at them on a terminal.
  static func print(_ table: Table) throws {
    if StandardStream.output.isTerminal || colours(.output) { return try print(table.lines) }
    try table.forEachPiece { piece in try quietly { try StandardStream.output.write(piece) } }
  }

  // MARK: Long reports

  private static let pager = Guarded(Pager())

  /// Lets what is printed from now on go through a pager where it is long and a person looks at it.
  static func beginPaging() { pager.withLock { if choices.withLock(\.pages) { $0.begin() } } }

  /// Whether a pager has the terminal.
  static var isPaging: Bool { pager.withLock(\.isRunning) }

  /// Prints what is held back for a pager, where that is still open.
  static func flush() throws { try quietly { try pager.withLock { try $0.flush() } } }

  /// Prints what is held back, or waits until the reader has left the pager.
  static func finish() { try? quietly { try pager.withLock { try $0.finish() } } }

  private static func show(_ text: String) throws {
    let isTaken = try quietly { try pager.withLock { try $0.take(text) } }
    if !isTaken { try write(text) }
  }

  /// Writes text of our own, which has lines, and in which nothing of a file stands as it is.
  static func print(_ text: String, wraps: Bool = true) throws {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if lines.last == "" { lines.removeLast() }
    try print(lines, wraps: wraps)
  }

  /// How many characters fit in a line, where a person looks at them.
  private static func width(of stream: StandardStream) -> Int? {
    stream.isTerminal ? stream.columns : nil
  }

  private static func wrapped(_ line: String, _ width: Int?) -> [String] {
    width.map { Wrapping.lines(of: line, width: $0) } ?? [line]
  }

  /// Prints a report for programs.
  static func print(_ report: JSONReport, isLine: Bool = false) throws {
    try write(report.withTraffic.text(isLine: isLine))
  }

  /// Prints a document of some other format for programs, in which nothing acts on a terminal.
  static func print(document: String) throws { try write(document) }

  private static func write(_ text: String) throws {
    try quietly { try StandardStream.output.write(text) }
  }

  /// A reader that went away ends the process quietly, as it would any filter.
  private static func quietly<R>(_ body: () throws -> R) throws -> R {
    do { return try body() } catch let error as SystemError where error.isBrokenPipe {
      CurrentProcess.exit(0)
    }
  }

  /// Says a line about the work, where that is wanted.
  static func note(_ line: String) { if !isQuiet { say("", [line]) } }

  static func warning(_ line: String) { say(paint("warning: ", .yellow), [line]) }

  static func error(_ diagnosis: Diagnosis) { error(diagnosis.message, hints: diagnosis.hints) }

  /// Says what is wrong in one line, and each hint in one of its own: what comes from a file makes no others.
  static func error(_ text: String, hints: [String] = []) {
    say(paint("error: ", .red), [text] + hints.map { "  \($0)" })
  }

  /// Only `start` may hold colours: those of a file are no colours from here.
  private static func say(_ start: String, _ lines: [String]) {
    let visible = lines.map { $0.visible(atMost: longest) }
    let width = width(of: .error)
    let text = visible.enumerated().flatMap { place, line in
      // The word in colours stands before the first line.
      wrapped(line, width.map { max($0 - (place == 0 && !start.isEmpty ? 9 : 0), 1) })
    }.joined(separator: "\n")
    // Where both are one terminal, what is said comes behind what was printed, or into the pager that has the terminal.
    if StandardStream.error.isTerminal {
      try? flush()
      if isPaging { return (try? show(start + text + "\n")) ?? () }
    }
    try? StandardStream.error.write(start + text + "\n")
  }

  /// As much as anyone reads in a line about the work; reports for programs have all.
  private static let longest = 10_000

  // MARK: What every command is told

  /// When there are colours.
  enum ColourChoice: String, CaseIterable {
    /// On a terminal, where the environment does not say otherwise.
    case auto
    case always, never
  }

  private static let choices = Guarded((isQuiet: false, colour: ColourChoice.auto, pages: true))

  /// Whether nothing is said but warnings, errors and what was asked for.
  static var isQuiet: Bool {
    get { choices.withLock { $0.isQuiet } }
    set { choices.withLock { $0.isQuiet = newValue } }
  }

  /// Whether long reports go through a pager on a terminal.
  static var pages: Bool {
    get { choices.withLock { $0.pages } }
    set { choices.withLock { $0.pages = newValue } }
  }

  static var colour: ColourChoice {
    get { choices.withLock { $0.colour } }
    set { choices.withLock { $0.colour = newValue } }
  }

  // MARK: Colours

  private enum Colour: Int { case none = 0, red = 31, green = 32, yellow = 33 }

  /// Colours a word on standard error, where the reader is a person who has not said otherwise.
  private static func paint(_ text: String, _ colour: Colour) -> String {
    colours(.error) ? sequence(colour) + text + sequence(.none) : text
  }

  private static func sequence(_ colour: Colour) -> String { "\u{1B}[\(colour.rawValue)m" }

  private static func colours(_ stream: StandardStream) -> Bool {
    switch colour {
    case .always: true
    case .never: false
    case .auto:
      stream.isTerminal && (CurrentProcess.environment("NO_COLOR") ?? "").isEmpty
        && CurrentProcess.environment("TERM") != "dumb"
    }
  }

  /// The words that say yes and no at the beginning of a line of a report.
  private static let verdicts: [(word: String, colour: Colour)] =
    ["ok", "verified", "sound", "loads:", "the same"].map { ($0, .green) }
    + ["FAILED", "ALARM", "not sound", "not verified", "does not", "different"].map { ($0, .red) }

  private static func verdict(_ line: String) -> String {
    let indented = line.prefix { $0 == " " }
    let rest = line.dropFirst(indented.count)
    guard indented.count <= 2,
      let (word, colour) = verdicts.first(where: { word, _ in
        rest.hasPrefix(word) && rest.dropFirst(word.count).first.map { " :,".contains($0) } != false
      })
    else { return line }
    return indented + sequence(colour) + word + sequence(.none) + rest.dropFirst(word.count)
  }

  /// A line with nothing in it that a terminal acts on, but for the tab with which lines of PyTorch's begin.
  private static func inert(_ line: String) -> String {
    line.utf8.first == 9 ? "\t" + line.dropFirst().visible : line.visible
  }
}
