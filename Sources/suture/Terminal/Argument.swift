/// How a thing is said on a command line.
enum ArgumentForm {
  /// Stands by its position.
  case operand(isRepeated: Bool)
  /// `--name VALUE`, as often as `isRepeated` allows.
  case option(isRepeated: Bool)
  /// `--name` alone.
  case flag
}

/// One thing that a command line may say, told once: the parser, the help and the completions read it from here.
struct Argument<Values> {
  let form: ArgumentForm
  /// Without the dashes; for an operand, what stands for it in the usage line.
  let name: String
  let short: Character?
  let placeholder: String
  let help: String
  let apply: (inout Values, String) throws -> Void

  static func operand(
    _ name: String, _ help: String, _ path: WritableKeyPath<Values, String>
  ) -> Argument {
    Argument(form: .operand(isRepeated: false), name: name, short: nil, placeholder: name, help: help) {
      $0[keyPath: path] = $1
    }
  }

  static func operands(
    _ name: String, _ help: String, _ path: WritableKeyPath<Values, [String]>
  ) -> Argument {
    Argument(form: .operand(isRepeated: true), name: name, short: nil, placeholder: name, help: help) {
      $0[keyPath: path].append($1)
    }
  }

  static func option(
    _ name: String, short: Character? = nil, _ placeholder: String, _ help: String,
    _ path: WritableKeyPath<Values, String?>
  ) -> Argument {
    Argument(form: .option(isRepeated: false), name: name, short: short, placeholder: placeholder, help: help)
    {
      $0[keyPath: path] = $1
    }
  }

  /// An option whose value has to be understood before it can be kept.
  static func option(
    _ name: String, short: Character? = nil, _ placeholder: String, _ help: String, isRepeated: Bool = true,
    apply: @escaping (inout Values, String) throws -> Void
  ) -> Argument {
    Argument(
      form: .option(isRepeated: isRepeated), name: name, short: short, placeholder: placeholder, help: help,
      apply: apply)
  }

  static func flag(
    _ name: String, short: Character? = nil, _ help: String, _ path: WritableKeyPath<Values, Bool>
  ) -> Argument {
    Argument(form: .flag, name: name, short: short, placeholder: "", help: help) { values, _ in
      values[keyPath: path] = true
    }
  }

  var isOperand: Bool { if case .operand = form { true } else { false } }
  var takesValue: Bool { if case .option = form { true } else { false } }
}

/// The command line is not one that we understand.
struct UsageError: Error {
  let message: String
  var hints: [String] = []

  init(_ message: String, hints: [String] = []) { (self.message, self.hints) = (message, hints) }
}
