internal import CSutureSystem
internal import Glibc
public import SutureText

/// A system call that failed on a file.
public struct SystemError: SutureError, Equatable {
  /// What was being done, as a verb: "open", "read", "write".
  public let operation: String
  public let path: String
  /// The value of `errno`; see errno(3).
  public let code: Int32

  public init(_ operation: String, _ path: String, code: Int32) {
    (self.operation, self.path, self.code) = (operation, path, code)
  }

  /// The failure that the last system call left in `errno`.
  static func last(_ operation: String, _ path: String) -> SystemError {
    SystemError(operation, path, code: suture_errno())
  }

  /// Whether the device or the user's quota is full.
  public var isOutOfSpace: Bool { code == ENOSPC || code == EDQUOT }

  /// Whether there is no such file.
  public var isMissing: Bool { code == ENOENT }

  /// Whether the path that was to be created exists.
  public var isAlreadyThere: Bool { code == EEXIST }

  /// Whether the reader of a pipe went away.
  public var isBrokenPipe: Bool { code == EPIPE }

  private var isWriting: Bool { ["write", "close", "create"].contains(operation) }

  public var kind: FailureKind { isWriting ? .cannotWrite : .unreadable }
  public var place: FailurePlace { FailurePlace(file: path) }
  public var reason: String { "cannot \(operation) it: \(unsafe String(cString: strerror(code)))" }

  public var remedies: [Remedy] {
    if isWriting, isMissing { return ["its folder does not exist"] }
    if !isOutOfSpace { return [] }
    // What a stream has taken stays there, and files that were written before are whole.
    let isStream = [StandardStream.output.name, StandardStream.error.name].contains(path)
    return [.advice("free some space, or write elsewhere" + (isStream ? "" : "; nothing was left behind"))]
  }
}
