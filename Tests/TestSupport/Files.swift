import Glibc
import SutureBytes

/// All bytes of a file.
public func contents(of path: String) throws -> [UInt8] {
  let file = try FileSource(path)
  return try file.bytes(0..<file.byteCount)
}

/// All of a file as text.
public func text(of path: String) throws -> String { String(decoding: try contents(of: path), as: UTF8.self) }

/// The names of what lies in a folder, in order.
public func names(in path: String) -> [String] {
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

/// Replaces a file, or makes it.
public func write(_ bytes: [UInt8], to path: String) throws {
  try OutputFile.write(bytes, to: path)
}
