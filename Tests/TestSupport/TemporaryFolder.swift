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

  deinit {
    for name in names { unlink("\(path)/\(name)") }
    rmdir(path)
  }

  public func write(_ name: String, _ bytes: [UInt8]) throws {
    try TestSupport.write(bytes, to: "\(path)/\(name)")
  }

  public func text(_ name: String) throws -> String { try TestSupport.text(of: "\(path)/\(name)") }

  public var names: [String] { TestSupport.names(in: path) }
}
