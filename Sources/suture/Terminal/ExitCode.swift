internal import SutureText

/// What the process says to whoever started it.
enum ExitCode {
  case done
  /// Done, and the answer is no.
  case negative
  case failure(FailureKind)
  /// Ended by Ctrl-C; the signal's handler says it, which runs no code of ours.
  case interrupted

  var rawValue: Int32 {
    switch self {
    case .done: 0
    case .negative: 1
    case .failure(.usage): 2
    case .failure(.unreadable): 3
    case .failure(.unsafe): 4
    case .failure(.refused): 5
    case .failure(.doesNotFit): 6
    case .failure(.cannotWrite): 7
    case .failure(.remote): 8
    case .interrupted: 130
    }
  }
}

extension ExitCode: CaseIterable {
  static var allCases: [ExitCode] {
    [.done, .negative] + FailureKind.allCases.map { .failure($0) } + [.interrupted]
  }

  /// In a few words, for help.
  var meaning: String {
    switch self {
    case .done: "done"
    case .negative: "done, and the answer is no"
    case .failure(.usage): "usage"
    case .failure(.unreadable): "unreadable, corrupt or unsupported file"
    case .failure(.unsafe): "unsafe content"
    case .failure(.refused): "plan refused"
    case .failure(.doesNotFit): "shapes or dtypes do not fit"
    case .failure(.cannotWrite): "cannot write"
    case .failure(.remote): "a server does not answer as it should"
    case .interrupted: "interrupted"
    }
  }

  /// When that is, and what is left on the disk.
  var explanation: String {
    switch self {
    case .done: "What was asked is done: outputs are whole and under their names."
    case .negative:
      """
      The work is done, and a question got its answer: `check` found a fault or a model that does not load all, `diff` a \
      difference, `why` no provenance, `verify` an output that is not as expected; of many files some failed.
      """
    case .failure(.usage):
      "The command line, a recipe or a model file cannot be understood, or contradicts itself. Nothing was read or written."
    case .failure(.unreadable):
      """
      A file is not there, damaged, cut short, ambiguous, or of a kind that is not read. The place says the record, the \
      byte or the line.
      """
    case .failure(.unsafe):
      """
      A pickle of the file would start a process, run code, import or open files if Python loaded it. Nothing ran here; \
      `--salvage` takes the tensors that do not depend on it.
      """
    case .failure(.refused):
      """
      A plan cannot be done as it is written: a pattern that fits nothing, two keys of one name, inputs that changed \
      since. Nothing was written.
      """
    case .failure(.doesNotFit):
      "A shape, a dtype or a size does not fit what would be done with it. Nothing was written."
    case .failure(.cannotWrite):
      """
      The output cannot be written: something stands there and `--force` was not given, the disk is full, the folder is \
      closed. What stood there before stands there still.
      """
    case .failure(.remote):
      "A server cannot be reached, refuses, or answers with another file than it began with."
    case .interrupted: "Ctrl-C, or a signal. No half file is left under any name."
    }
  }
}
