internal import CSutureSystem
internal import Glibc

/// A system call that failed on a file.
public struct SystemError: Error, Equatable, CustomStringConvertible {
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

  /// The C library's words for the code.
  public var reason: String { unsafe String(cString: strerror(code)) }

  /// Whether the device or the user's quota is full.
  public var isOutOfSpace: Bool { code == ENOSPC || code == EDQUOT }

  /// Whether there is no such file.
  public var isMissing: Bool { code == ENOENT }

  /// Whether the path that was to be created exists.
  public var isAlreadyThere: Bool { code == EEXIST }

  /// Whether the reader of a pipe went away.
  public var isBrokenPipe: Bool { code == EPIPE }

  public var description: String { "cannot \(operation) \(path): \(reason)" }
}
