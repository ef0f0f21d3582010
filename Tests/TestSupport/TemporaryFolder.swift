import Glibc
import SutureBytes

/// A folder that goes with the test, and the files in it.
public final class TemporaryFolder {
  public let path: String

  public init() throws {
    var template = Array("/tmp/suture-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw SystemError("create", "/tmp", code: errno) }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { Self.remove(path) }

  private static func remove(_ path: String) {
    // A link goes, not what it leads to.
    if unlink(path) == 0 { return }
    for name in TestSupport.names(in: path) { remove("\(path)/\(name)") }
    rmdir(path)
  }

  /// Writes a file, and makes the folders on the way to it.
  public func write(_ name: String, _ bytes: [UInt8]) throws {
    try createFolders(folder(of: "\(path)/\(name)"))
    try TestSupport.write(bytes, to: "\(path)/\(name)")
  }

  /// Makes a symbolic link, and the folders on the way to it.
  public func link(_ name: String, to target: String) throws {
    try createFolders(folder(of: "\(path)/\(name)"))
    guard symlink(target, "\(path)/\(name)") == 0 else { throw SystemError("link", name, code: errno) }
  }

  public func text(_ name: String) throws -> String { try TestSupport.text(of: "\(path)/\(name)") }

  public var names: [String] { TestSupport.names(in: path) }
}
