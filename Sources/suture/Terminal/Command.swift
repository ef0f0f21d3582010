internal import SutureBytes
internal import SutureText

/// A subcommand: its arguments as a table of key paths, and what it does.
protocol Command {
  static var name: String { get }
  /// One line for the list of commands.
  static var summary: String { get }
  /// What the arguments cannot say, shown under them.
  static var details: String { get }
  static var arguments: [Argument<Self>] { get }
  /// Whether it writes a checkpoint; what it refuses to do then has written nothing.
  static var writes: Bool { get }
  /// Whether its report is what it is for, so that a long one goes through a pager on a terminal.
  static var pages: Bool { get }
  init()
  /// Does the work and gives the exit code.
  mutating func run() throws -> ExitCode
}

extension Command {
  static var details: String { "" }
  static var writes: Bool { false }
  static var pages: Bool { false }

  /// Does what the words after the command's name say.
  static func run(words: [String]) throws -> ExitCode {
    var command = try parse(words)
    if pages, !words.prefix(while: { $0 != "--" }).contains("--json") { Console.beginPaging() }
    return try command.run()
  }

  private static func parse(_ words: [String]) throws -> Self {
    assert(hasUniqueNames, "two arguments of \(name) have one name")
    var operands: [String] = []
    var given: [(argument: Argument<Self>, value: String)] = []
    var seen: Set<String> = []
    var rest = words[...]
    var onlyOperands = false
    while let word = rest.popFirst() {
      if onlyOperands || word == "-" || !word.hasPrefix("-") {
        operands.append(word)
        continue
      }
      if word == "--" {
        onlyOperands = true
        continue
      }
      let (argument, inline) = try find(word)
      if argument.takesValue {
        let isLast = rest.first.map { $0.hasPrefix("-") && $0 != "-" } ?? true
        guard let value = inline ?? (isLast ? argument.implied : nil) ?? rest.popFirst() else {
          throw UsageError("\(word) needs a value: \(argument.placeholder)")
        }
        if case .option(isRepeated: false) = argument.form, !seen.insert(argument.name).inserted {
          throw UsageError("--\(argument.name) is given twice")
        }
        given.append((argument, value))
      } else {
        if let inline {
          // Letters stand together: -nf is -n -f.
          guard !word.hasPrefix("--") else { throw UsageError("--\(argument.name) takes no value") }
          rest = ["-" + inline] + rest
        }
        given.append((argument, ""))
      }
    }
    given += try assign(operands)
    var standard = StandardWords()
    for (argument, value) in given { try standard.add(value, to: Parameter(argument)) }
    var values = Self()
    for (argument, value) in given { try argument.apply(&values, value) }
    return values
  }

  private static var hasUniqueNames: Bool {
    let names =
      (arguments + Argument.common).flatMap { [$0.name] + ($0.short.map { [String($0)] } ?? []) } + [
        "help", "h",
      ]
    return Set(names).count == names.count
  }

  private static func find(_ word: String) throws -> (Argument<Self>, inline: String?) {
    if word.hasPrefix("--") {
      let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(parts.first ?? "")
      if let found = (arguments + Argument.common).first(where: { !$0.isOperand && $0.name == name }) {
        return (found, parts.count > 1 ? String(parts[1]) : nil)
      }
      let names = arguments.filter { !$0.isOperand }.map(\.name)
      let near = Spelling.nearest(to: name, among: names).map { ["did you mean --\($0)?"] } ?? []
      throw UsageError("\(Self.name) has no option --\(name)", hints: near)
    }
    // -force would be -f -o rce.
    if word.count > 3, arguments.contains(where: { !$0.isOperand && $0.name == word.dropFirst() }) {
      throw UsageError("\(Self.name) has no option \(word)", hints: ["did you mean -\(word)?"])
    }
    let letter = word.dropFirst().first
    if let found = (arguments + Argument.common).first(where: { $0.short != nil && $0.short == letter }) {
      let value = word.dropFirst(2)
      return (found, value.isEmpty ? nil : String(value.first == "=" ? value.dropFirst() : value))
    }
    throw UsageError("\(Self.name) has no option -\(letter.map(String.init) ?? "")")
  }

  /// The operands with the arguments that they are for.
  private static func assign(_ operands: [String]) throws -> [(argument: Argument<Self>, value: String)] {
    var rest = operands[...]
    var given: [(argument: Argument<Self>, value: String)] = []
    for argument in arguments {
      guard case .operand(let isRepeated) = argument.form else { continue }
      if isRepeated {
        while let word = rest.popFirst() { given.append((argument, word)) }
      } else if let word = rest.popFirst() {
        given.append((argument, word))
      } else {
        throw UsageError("\(name) needs \(argument.name): \(argument.help)")
      }
    }
    if let extra = rest.first {
      var hints: [String] = []
      // cp and others have the output last.
      if writes, rest.count == 1 { hints.append("-o \(extra.visible) says where to write") }
      // A pattern that the shell has expanded is the likeliest reason where there are patterns.
      if arguments.contains(where: \.isPattern) {
        hints.append(
          "did the shell expand braces or a star? put the pattern in quotes: --replicate 'model.{0..3}.'")
      }
      throw UsageError("unexpected argument \"\(extra)\"", hints: hints)
    }
    return given
  }

  /// The text of `--help`.
  static var help: String {
    var lines = [summary, "", "usage: \(usage)", ""]
    let rows = parameters.map { ($0.label, $0.help) } + [("--help", "Show this.")]
    let width = rows.map(\.0.count).max() ?? 0
    for (label, text) in rows {
      lines.append("  \(label)\(String(repeating: " ", count: width - label.count + 2))\(text)")
    }
    if !details.isEmpty { lines += ["", details] }
    return lines.joined(separator: "\n") + "\n"
  }
}
