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
    let output = try OutputFile("\(path)/\(name)")
    try output.write(bytes)
    try output.commit(replacing: true)
  }

  public func text(_ name: String) throws -> String {
    let file = try FileSource("\(path)/\(name)")
    return String(decoding: try file.bytes(0..<file.byteCount), as: UTF8.self)
  }

  public var names: [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }
}
