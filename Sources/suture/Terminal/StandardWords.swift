internal import SutureBytes

/// Holds a command line to one `-` that is read, and to those that can be written.
struct StandardWords {
  private var input: String?

  /// - Throws: ``UsageError`` where an argument before took standard input too, or where what is written is a file.
  mutating func add(_ word: String, to parameter: Parameter) throws {
    guard word == StandardInput.word else { return }
    let name = parameter.isOperand ? parameter.name : "--\(parameter.name)"
    // Checkpoints go to standard output too.
    if parameter.isOutput, parameter.placeholder != "OUT" {
      throw UsageError("\(name) writes a file, and - is none", hints: ["give it a name: ./- is one too"])
    }
    guard parameter.isInput else { return }
    if let input {
      throw UsageError(
        "standard input can be read once, and - stands for it twice: \(input) and \(name)",
        hints: ["save one of them as a file, and name that"])
    }
    input = name
  }
}
