internal import SutureCheckpoints
internal import SutureText

/// How a thing is said on a command line.
enum ArgumentForm {
  /// Stands by its position.
  case operand(isRepeated: Bool)
  /// `--name VALUE`, as often as `isRepeated` allows.
  case option(isRepeated: Bool)
  /// `--name` alone.
  case flag
}

/// One thing that a command line may say, told once: the parser and the help read it from here.
struct Argument<Values> {
  let form: ArgumentForm
  /// Without the dashes; for an operand, what stands for it in the usage line.
  let name: String
  var short: Character?
  var placeholder = ""
  let help: String
  /// Whether the value is a pattern, which a shell may expand where it is not in quotes.
  var isPattern = false
  /// The value where none follows.
  var implied: String?
  /// The words that its value may be, where they are few.
  var words: (() -> [String])?
  let apply: (inout Values, String) throws -> Void

  var isOperand: Bool { if case .operand = form { true } else { false } }
  var takesValue: Bool { if case .option = form { true } else { false } }
}

// MARK: Operands, flags and plain options

extension Argument {
  static func operand(
    _ name: String, _ help: String, _ path: WritableKeyPath<Values, String>
  ) -> Argument {
    Argument(form: .operand(isRepeated: false), name: name, placeholder: name, help: help) {
      $0[keyPath: path] = $1
    }
  }

  static func operands(
    _ name: String, _ help: String, _ path: WritableKeyPath<Values, [String]>
  ) -> Argument {
    Argument(form: .operand(isRepeated: true), name: name, placeholder: name, help: help) {
      $0[keyPath: path].append($1)
    }
  }

  static func option(
    _ name: String, short: Character? = nil, _ placeholder: String, _ help: String,
    _ path: WritableKeyPath<Values, String?>
  ) -> Argument {
    option(name, short: short, placeholder, help, isRepeated: false) { $0[keyPath: path] = $1 }
  }

  /// An option whose value has to be understood before it can be kept.
  static func option(
    _ name: String, short: Character? = nil, _ placeholder: String, _ help: String, isRepeated: Bool = true,
    isPattern: Bool = false, apply: @escaping (inout Values, String) throws -> Void
  ) -> Argument {
    Argument(
      form: .option(isRepeated: isRepeated), name: name, short: short, placeholder: placeholder, help: help,
      isPattern: isPattern, apply: apply)
  }

  /// The same, with words that a shell can offer for its value.
  func offering(_ words: @escaping () -> [String]) -> Argument {
    var copy = self
    copy.words = words
    return copy
  }

  static func flag(
    _ name: String, short: Character? = nil, _ help: String, _ path: WritableKeyPath<Values, Bool>
  ) -> Argument {
    Argument(form: .flag, name: name, short: short, help: help) { values, _ in values[keyPath: path] = true }
  }
}

// MARK: Options whose values are understood at once

extension Argument {
  /// An option that takes one value of a kind.
  ///
  /// - Parameters:
  ///   - form: what it takes, for whoever gave something else.
  ///   - read: gives `nil` for a word that is no such value.
  static func value<Value>(
    _ name: String, short: Character? = nil, _ placeholder: String, _ help: String, takes form: String,
    _ path: WritableKeyPath<Values, Value?>, read: @escaping (String) -> Value?
  ) -> Argument {
    option(name, short: short, placeholder, help, isRepeated: false) { values, word in
      guard let value = read(word) else { throw UsageError("--\(name) takes \(form), not \"\(word)\"") }
      values[keyPath: path] = value
    }
  }

  /// An option whose value is a whole number.
  static func number(
    _ name: String, short: Character? = nil, _ placeholder: String, _ help: String,
    in range: ClosedRange<Int> = 0 ... .max, _ path: WritableKeyPath<Values, Int?>
  ) -> Argument {
    let limits = range.upperBound == .max ? "" : " from \(range.lowerBound) to \(range.upperBound)"
    return value(name, short: short, placeholder, help, takes: "a number\(limits)", path) { word in
      Int(word).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  /// An option whose value is how far apart numbers may be.
  static func tolerance(
    _ name: String, _ placeholder: String, _ help: String, _ path: WritableKeyPath<Values, Double?>
  ) -> Argument {
    value(name, placeholder, help, takes: "a number that is not negative, such as 1e-6", path) { word in
      Double(word).flatMap { $0.isFinite && $0 >= 0 ? $0 : nil }
    }
  }

  /// An option whose value is a part of something.
  static func share(
    _ name: String, _ help: String, _ path: WritableKeyPath<Values, Double?>
  ) -> Argument {
    value(name, "P", help, takes: "a number from 0 to 1", path) { word in
      Double(word).flatMap { (0...1).contains($0) ? $0 : nil }
    }
  }

  /// An option whose value is one of a few words.
  static func choice<Choice: RawRepresentable & CaseIterable>(
    _ name: String, placeholder: String? = nil, _ help: String, _ path: WritableKeyPath<Values, Choice?>
  ) -> Argument where Choice.RawValue == String {
    let words = Choice.allCases.map(\.rawValue)
    let argument = option(name, placeholder ?? words.joined(separator: "|"), help, isRepeated: false) {
      guard let choice = Choice(rawValue: $1) else {
        let near = Spelling.nearest(to: $1, among: words).map { ["did you mean \($0)?"] } ?? []
        throw UsageError("--\(name) is \(words.joined(separator: ", ")), not \"\($1)\"", hints: near)
      }
      $0[keyPath: path] = choice
    }
    return argument.offering { words }
  }

  /// Arguments that several commands share, for those of them that keep the values at `path`.
  static func group<Part>(_ arguments: [Argument<Part>], _ path: WritableKeyPath<Values, Part>) -> [Argument]
  {
    arguments.map { argument in
      Argument<Values>(
        form: argument.form, name: argument.name, short: argument.short, placeholder: argument.placeholder,
        help: argument.help, isPattern: argument.isPattern, implied: argument.implied, words: argument.words
      ) { values, word in
        try argument.apply(&values[keyPath: path], word)
      }
    }
  }
}

// MARK: What every command takes

extension Argument {
  /// How much is said, in which colours, and how long reports are shown: of every command, so that no command's help has it.
  static var common: [Argument] {
    [
      Argument(form: .flag, name: "quiet", short: "q", help: "Say nothing but warnings and errors.") { _, _ in
        Console.isQuiet = true
      },
      Argument(
        form: .option(isRepeated: true), name: "color", placeholder: "auto|always|never",
        help: "When to use colours; NO_COLOR is heeded."
      ) { _, word in
        guard let choice = Console.ColourChoice(rawValue: word) else {
          throw UsageError("--color is auto, always or never, not \"\(word)\"")
        }
        Console.colour = choice
      },
      Argument(form: .flag, name: "no-color", help: "Use no colours.") { _, _ in Console.colour = .never },
      Argument(
        form: .flag, name: "no-pager", help: "Print long reports without $SUTURE_PAGER, $PAGER or less."
      ) { _, _ in Console.pages = false },
    ]
  }
}

extension Argument {
  /// How many words at the start are what every command takes, with their values: they may stand before the command too.
  static func commonWordCount(_ words: [String]) -> Int {
    var count = 0
    while count < words.count {
      let word = words[count]
      guard
        let argument = common.first(where: { argument in
          word == "--\(argument.name)" || argument.short.map { word == "-\($0)" } == true
            || argument.takesValue && word.hasPrefix("--\(argument.name)=")
        })
      else { return count }
      count += argument.takesValue && !word.contains("=") ? 2 : 1
    }
    return min(count, words.count)
  }
}

// MARK: Limits

extension Argument {
  /// `--limit NAME=VALUE`, for files that ask for more than usual.
  static func limit(_ path: WritableKeyPath<Values, ReadLimits>) -> Argument {
    option("limit", "NAME=N", "Let the file ask for more, say depth=5000; --limit help lists the names.") {
      try raise(&$0[keyPath: path], $1)
    }
  }

  /// `--salvage`, for files that call something harmful.
  static func salvage(_ path: WritableKeyPath<Values, ReadLimits>) -> Argument {
    flag(
      "salvage", "Of a file that calls something harmful, take the tensors that do not depend on the call.",
      path.appending(path: \.salvages))
  }

  /// `--step`, for folders with several.
  static func step(_ path: WritableKeyPath<Values, ReadLimits>) -> Argument {
    option(
      "step", "N", "Of a folder with several steps, the one to open: its number, or the name of its folder.",
      path.appending(path: \.step))
  }

  private static func raise(_ limits: inout ReadLimits, _ text: String) throws {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts.first ?? "")
    guard let known = ReadLimits.names.first(where: { $0.name == name }) else {
      let near =
        Spelling.nearest(to: name, among: ReadLimits.names.map(\.name)).map { ["did you mean \($0)?"] } ?? []
      throw UsageError(
        "--limit: \"\(name)\" is not the name of a limit", hints: near + ["--limit help lists them"])
    }
    guard parts.count == 2, let value = Int(parts[1]), value > 0 else {
      throw UsageError(
        "--limit \(name)=N needs a whole number, such as \(name)=\(ReadLimits()[keyPath: known.path])")
    }
    limits[keyPath: known.path] = value
  }
}

/// The command line is not one that we understand.
struct UsageError: SutureError {
  let reason: String
  let remedies: [Remedy]
  var kind: FailureKind { .usage }

  init(_ reason: String, hints: [String] = []) {
    (self.reason, remedies) = (reason, hints.map { .advice($0) })
  }

  init(_ reason: String, remedies: [Remedy]) { (self.reason, self.remedies) = (reason, remedies) }
}
