internal import Glibc

/// What tells whether a file is still the one that it was: its size, and when it was last written.
public struct FileIdentity: Sendable, Equatable {
  public let byteCount: Int
  /// Nanoseconds since 1970.
  public let modified: Int

  public init(byteCount: Int, modified: Int) { (self.byteCount, self.modified) = (byteCount, modified) }

  /// - Throws: ``SystemError`` where there is no such file.
  public init(of path: String) throws(SystemError) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { throw .last("open", path) }
    byteCount = Int(status.st_size)
    modified = status.st_mtim.tv_sec &* 1_000_000_000 &+ status.st_mtim.tv_nsec
  }
}
