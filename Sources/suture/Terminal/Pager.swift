internal import SutureBytes
internal import SutureText

/// Shows a report that is longer than the terminal is high through the program that the user reads long texts with.
///
/// What comes is held until there is more of it than fits; then the pager is started and gets all, messages too, which would
/// run through its picture. What fits is printed as it is.
struct Pager {
  private enum State {
    /// Everything goes straight to the terminal.
    case off
    case holding
    case running(PipedProcess)
    /// The reader has seen enough.
    case left
  }

  private var state = State.off
  private var held = ""
  private var heldLines = 0
  private var (rows, columns) = (24, 80)
  private var command = ""
  /// What the pager got as long as it may not be one: a command that is not there says so at its end.
  private var given: String?

  /// Begins to hold what comes, where a person looks at a terminal and has a pager.
  mutating func begin() {
    guard case .off = state, StandardStream.output.isTerminal, let command = Self.command,
      let size = StandardStream.output.size
    else { return }
    (state, self.command, rows, columns) = (.holding, command, size.rows, size.columns)
  }

  /// What the environment says, or `less`; `nil` where there is none, or where it is not wanted.
  private static var command: String? {
    if CurrentProcess.environment("TERM").map({ $0.isEmpty || $0 == "dumb" }) != false { return nil }
    let said = CurrentProcess.environment("SUTURE_PAGER") ?? CurrentProcess.environment("PAGER")
    let command = said ?? "less -FRX"
    if command.allSatisfy({ $0 == " " }) || command == "cat" { return nil }
    return said != nil || isProgram("less") ? command : nil
  }

  var isRunning: Bool { if case .running = state { true } else { false } }

  /// Takes a text, or says that it has to be written where it belongs.
  ///
  /// - Throws: what writing to standard output throws.
  mutating func take(_ text: String) throws -> Bool {
    switch state {
    case .off: return false
    case .left: return true
    case .holding:
      held += text
      heldLines += lines(text)
      if heldLines >= rows { try start() }
      return true
    case .running(let process):
      try pass(text, to: process)
      return true
    }
  }

  /// How many lines of the terminal a text takes.
  private func lines(_ text: String) -> Int {
    text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().reduce(0) {
      $0 + 1 + max(String($1).width - 1, 0) / max(columns, 1)
    }
  }

  private mutating func start() throws {
    let text = held
    (held, heldLines) = ("", 0)
    // As git has it: a less that is called by its name alone shows colours, and leaves what fits.
    guard let process = try? PipedProcess(command, setting: [("LESS", "FRX")]) else {
      state = .off
      return try StandardStream.output.write(text)
    }
    (state, given) = (.running(process), "")
    try pass(text, to: process)
  }

  private mutating func pass(_ text: String, to process: PipedProcess) throws {
    given? += text
    // A pipe holds less than that for someone who does not read.
    if given.map({ $0.utf8.count > 1 << 20 }) == true { given = nil }
    do { try process.write(text) } catch {
      state = .left
      try end(process)
    }
  }

  /// Waits for the pager; where the shell could not start it, what it was to show is printed.
  private mutating func end(_ process: PipedProcess) throws {
    let code = process.finish()
    guard [126, 127].contains(code), let text = given else { return }
    state = .off
    try StandardStream.output.write(text)
  }

  /// Prints what is held, before something else is said or worked on for long.
  mutating func flush() throws {
    guard !held.isEmpty else { return }
    let text = held
    (held, heldLines) = ("", 0)
    try StandardStream.output.write(text)
  }

  /// Prints what is held, or waits until the reader has read it.
  mutating func finish() throws {
    try flush()
    if case .running(let process) = state { try end(process) }
    state = .off
  }
}
