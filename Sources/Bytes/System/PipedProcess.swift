internal import CSutureSystem
internal import Glibc

/// A command of the shell that reads what is written here, such as a pager.
///
/// While it runs SIGINT is its alone: whoever reads a report stops a search with it.
public final class PipedProcess: Sendable {
  private let process: pid_t
  private let input: Guarded<CInt?>

  /// Starts it with the streams of this process, but for standard input.
  ///
  /// - Parameters:
  ///   - command: as `sh -c` takes it.
  ///   - variables: what is set in its environment, where that has no such name.
  /// - Throws: ``SystemError``.
  public init(_ command: String, setting variables: [(name: String, value: String)] = []) throws(SystemError)
  {
    var ends: [CInt] = [0, 0]
    guard unsafe suture_make_pipe(&ends) == 0 else { throw .last("start", command) }
    for variable in variables { unsafe setenv(variable.name, variable.value, 0) }
    let process = unsafe suture_start_reader(command, ends[0])
    let failure = SystemError.last("start", command)
    close(ends[0])
    guard process > 0 else {
      close(ends[1])
      throw failure
    }
    (self.process, input) = (process, Guarded(ends[1]))
  }

  /// Writes all of `text`.
  ///
  /// - Throws: ``SystemError``; with ``SystemError/isBrokenPipe`` where the command has ended.
  public func write(_ text: String) throws {
    var text = text
    guard let end = input.withLock({ $0 }) else { throw SystemError("write", "a pipe", code: EPIPE) }
    try text.withUTF8 {
      try unsafe writeAll(UnsafeRawBufferPointer($0), $0.count, to: end, name: "a pipe")
    }
  }

  /// Ends its input, and waits for its end.
  ///
  /// - Returns: its exit code; 128 and the signal's number where one ended it.
  @discardableResult
  public func finish() -> Int32 {
    let end = input.withLock { end in
      defer { end = nil }
      return end
    }
    guard let end else { return 0 }
    close(end)
    var status: CInt = 0
    _ = retrying { Int(unsafe waitpid(process, &status, 0)) }
    suture_forget_reader()
    return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
  }
}

/// Whether a program of that name is in one of the folders of `PATH`, or where its path says.
public func isProgram(_ name: String) -> Bool {
  if name.contains("/") { return unsafe access(name, X_OK) == 0 }
  let folders = (CurrentProcess.environment("PATH") ?? "/usr/bin:/bin").split(
    separator: ":", omittingEmptySubsequences: false)
  return folders.contains { unsafe access(($0.isEmpty ? "." : $0) + "/" + name, X_OK) == 0 }
}
