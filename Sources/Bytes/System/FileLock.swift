internal import Glibc
public import SutureText

/// A file that one process may hold at a time; it is given back with the object, and when the process ends in any way.
public final class FileLock: Sendable {
  private let descriptor: CInt
  /// Whether the file system can lock at all: some of networks cannot.
  public let isHeld: Bool

  /// Makes the file where it is not, and takes it.
  ///
  /// - Parameter holder: what to say of whoever has it: "another process writes this part".
  /// - Throws: ``SystemError``, or `Failure` where another process has it.
  public init(_ path: String, taken holder: String, remedies: [Remedy]) throws {
    let descriptor = CInt(
      retrying { unsafe Int(open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o666)) })
    if descriptor < 0 { throw SystemError.last("write", path) }
    if flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
      isHeld = true
    } else if errno == EWOULDBLOCK || errno == EAGAIN {
      close(descriptor)
      throw Failure(in: path, holder, remedies: remedies, kind: .cannotWrite)
    } else {
      isHeld = false
    }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }
}
