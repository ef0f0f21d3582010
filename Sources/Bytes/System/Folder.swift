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

/// What stands before the file name in `path`, with the slash; empty where there is none.
public func folder(of path: String) -> String {
  path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[...$0]) } ?? ""
}

/// Whether what `path` names lies in `folder`, all symbolic links followed; empty names are the working folder.
///
/// `false` also where either does not exist.
public func isInside(_ path: String, _ folder: String) -> Bool {
  guard let outer = realPath(folder), let inner = realPath(path) else { return false }
  return inner == outer || inner.utf8.starts(with: (outer == "/" ? outer : outer + "/").utf8)
}

/// A path from the root through no symbolic link, of what is there; empty names are the working folder.
package func realPath(_ path: String) -> String? {
  guard let resolved = unsafe realpath(path.isEmpty ? "." : path, nil) else { return nil }
  defer { unsafe free(resolved) }
  return unsafe String(cString: resolved)
}

/// Makes a folder, which must not exist.
///
/// - Throws: ``SystemError``.
public func createFolder(_ path: String) throws(SystemError) {
  guard unsafe mkdir(path, 0o777) == 0 else { throw .last("create", path) }
}

/// Makes a folder, and those that it lies in, where they are not there.
///
/// - Throws: ``SystemError``.
public func createFolders(_ folder: String) throws(SystemError) {
  let path = folder.count > 1 && folder.hasSuffix("/") ? String(folder.dropLast()) : folder
  if path.isEmpty || isFolder(path) { return }
  try createFolders(SutureBytes.folder(of: path))
  // Another process may have made it meanwhile.
  do { try createFolder(path) } catch { if !error.isAlreadyThere { throw error } }
}

/// Removes a folder, where it is empty.
public func removeFolder(_ path: String) { unsafe rmdir(path) }

/// Removes a file, where it is there.
public func removeFile(_ path: String) { unsafe unlink(path) }

/// Whether something stands at `path`, of whatever kind.
public func pathExists(_ path: String) -> Bool {
  var status = stat()
  return unsafe lstat(path, &status) == 0
}

/// Whether two paths lead to the same file.
public func isSameFile(_ one: String, _ other: String) -> Bool {
  var (a, b) = (stat(), stat())
  guard unsafe stat(one, &a) == 0, unsafe stat(other, &b) == 0 else { return false }
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino
}
