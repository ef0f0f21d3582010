internal import SutureArchitectures
internal import SutureBytes
internal import SutureCheckpoints
internal import SutureModelRuntime
internal import SutureSurgery
internal import SutureTensors

/// What an error means to the person who sees it, and to the program that reads the exit code.
struct Diagnosis {
  let message: String
  let hints: [String]
  let code: ExitCode

  init(_ error: any Error) {
    var hints: [String] = []
    switch error {
    case let error as UsageError:
      hints = error.hints
      message = error.message
      code = .usage
    case let error as PatternError:
      message = "\(error)"
      code = .usage
    case let error as SurgeryError:
      message = "\(error)"
      code = Self.code(error.kind)
    case let error as RecipeError:
      message = "\(error)"
      hints = ["nothing was written"]
      code = .usage
    case let error as PlanDiffers:
      message = "\(error)"
      code = .planRefused
    case let error as CheckpointError:
      message = "\(error)"
      code = Self.code(error.kind)
    case let error as SafetensorsError where error.isUnstorable:
      message = "\(error)"
      code = .doesNotFit
    case let error as SystemError:
      message = "\(error)"
      let isWriting = ["write", "close", "create"].contains(error.operation)
      if isWriting, error.isMissing { hints = ["its folder does not exist"] }
      if error.isOutOfSpace { hints = ["free some space, or write elsewhere; nothing was left behind"] }
      code = isWriting ? .cannotWrite : .unreadable
    case is SharedNames:
      message = "\(error)"
      code = .planRefused
    case is OutputExists, is NoSpace, is NotReplaceable, is ProofFailed:
      message = "\(error)"
      code = .cannotWrite
    case is ModelError:
      message = "\(error)"
      code = .doesNotFit
    default:
      message = "\(error)"
      code = .unreadable
    }
    self.hints = hints
  }

  private static func code(_ kind: SurgeryError.Kind) -> ExitCode {
    switch kind {
    case .badPattern: .usage
    case .doesNotFit: .doesNotFit
    case .noMatch, .collision, .expectation, .empty, .impossible: .planRefused
    }
  }

  private static func code(_ kind: CheckpointError.Kind) -> ExitCode {
    switch kind {
    case .unreadable: .unreadable
    case .unsafe: .unsafe
    case .unstorable: .doesNotFit
    }
  }
}
