internal import CSystem
internal import Glibc

/// Whether `path` names a folder, through a symbolic link or not.
public func isFolder(_ path: String) -> Bool {
  var status = stat()
  return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

/// The names of what lies in a folder, sorted; `.` and `..` are left out.
///
/// - Throws: ``SystemError``.
public func fileNames(in folder: String) throws(SystemError) -> [String] {
  guard let stream = unsafe opendir(folder) else { throw .last("open", folder) }
  defer { unsafe closedir(stream) }
  var names: [String] = []
  while let entry = unsafe readdir(stream) {
    let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
      unsafe field.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
    }
    if name != "." && name != ".." { names.append(name) }
  }
  return names.sorted()
}

/// Makes a folder, which must not exist.
///
/// - Throws: ``SystemError``.
public func createFolder(_ path: String) throws(SystemError) {
  guard unsafe mkdir(path, 0o777) == 0 else { throw .last("create", path) }
}
