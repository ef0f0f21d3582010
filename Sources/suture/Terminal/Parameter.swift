/// An argument of a command without what it does: all that help, manual pages and completions are made of.
struct Parameter {
  let name: String
  let short: Character?
  let placeholder: String
  let help: String
  let isOperand: Bool
  let isRepeated: Bool
  let takesValue: Bool
  let value: Value

  /// What its value is, as far as a shell can help with it.
  enum Value {
    case nothing
    case files
    case words(() -> [String])
    /// Names in the state dict of the file that the command is about.
    case tensorNames
    /// Dicts of that file.
    case dicts
  }

  init<Values>(_ argument: Argument<Values>) {
    (name, short, placeholder, help) = (argument.name, argument.short, argument.placeholder, argument.help)
    (isOperand, takesValue) = (argument.isOperand, argument.takesValue)
    switch argument.form {
    case .operand(let repeated), .option(let repeated): isRepeated = repeated
    case .flag: isRepeated = false
    }
    if let words = argument.words {
      value = .words(words)
    } else if argument.isPattern || ["PATTERN", "KEY"].contains(argument.placeholder) {
      value = .tensorNames
    } else if argument.placeholder == "PATH" {
      value = .dicts
    } else {
      let choices = argument.placeholder.split(separator: "|").map(String.init)
      let areWords = choices.count > 1 && choices.allSatisfy { $0 == $0.lowercased() }
      // OUT.png, MODEL.yaml.
      let isFile = Self.files.contains(argument.placeholder) || argument.placeholder.contains(".")
      value = areWords ? .words { choices } : isFile ? .files : .nothing
    }
  }

  /// What stands for a file or a folder.
  private static let files = [
    "FILE", "FILE|DIR", "DIR", "OUT", "IN", "A", "B", "BASE", "PART", "ORIGINAL", "REFERENCE", "PLAN",
  ]

  /// Whether its value is something that is written.
  var isOutput: Bool { placeholder.hasPrefix("OUT") || ["output", "out-dir", "save-recipe"].contains(name) }

  /// Whether its value is a file that is read, which may be standard input.
  ///
  /// Where files are operands, so are patterns.
  var isInput: Bool {
    switch value {
    case .files: !isOutput
    case .tensorNames: isOperand && name == "PATTERN"
    case .nothing, .words, .dicts: false
    }
  }

  /// `-o, --output FILE`.
  var label: String {
    isOperand
      ? name : (short.map { "-\($0), " } ?? "") + "--\(name)" + (takesValue ? " \(placeholder)" : "")
  }
}

extension Command {
  static var parameters: [Parameter] { arguments.map { Parameter($0) } }

  /// With those that every command takes, which no help repeats.
  static var allParameters: [Parameter] { parameters + Argument<Self>.common.map { Parameter($0) } }

  /// `FILE [PATTERN…] [options]`.
  static var usage: String {
    let operands = parameters.filter(\.isOperand).map { $0.isRepeated ? "[\($0.name)…]" : $0.name }
    return (["suture", name] + operands + ["[options]"]).joined(separator: " ")
  }
}
