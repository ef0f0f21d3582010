internal import CSystem
internal import Glibc

/// A file that appears under its name only once it is whole.
///
/// Bytes go to a hidden temporary file beside `path`; ``commit(replacing:)`` renames it into place. When that
/// never happens, because of an error or a signal, the temporary file goes and whatever stood at `path` stays.
public final class OutputFile {
  public let path: String

  /// How many bytes have been written.
  public private(set) var byteCount = 0

  private let temporaryPath: String
  private let descriptor: CInt
  private let guarded: OpaquePointer?
  private var pending: [UInt8] = []
  private var isOpen = true

  /// Writes shorter than this are gathered.
  private static let bufferSize = 1 << 18

  /// Creates the temporary file.
  ///
  /// - Throws: ``SystemError`` where the folder does not exist or cannot be written, ``NotReplaceable`` where
  ///   `path` leads to a directory, a pipe or a device.
  public init(_ path: String) throws {
    var status = stat()
    if unsafe stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      throw NotReplaceable(path: path, kind: NotAFile.Kind(mode: status.st_mode))
    }
    let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let folder = slash.map { String(path[...$0]) } ?? ""
    // mkstemp's name does not grow with the output's, so a name that just fits still does.
    var template = Array((folder + ".suture-XXXXXX").utf8CString)
    let descriptor = unsafe mkstemp(&template)
    if descriptor < 0 { throw SystemError.last("write", path) }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    temporaryPath = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guarded = unsafe suture_guard_file(temporaryPath)
    let mask = umask(0)
    umask(mask)
    fchmod(descriptor, 0o666 & ~mask)
    self.descriptor = descriptor
    self.path = path
  }

  deinit {
    guard isOpen else { return }
    close(descriptor)
    unlink(temporaryPath)
    unsafe suture_forget_file(guarded)
  }

  /// How many bytes the file system of the output still has room for.
  public var freeSpace: Int? {
    var status = statvfs()
    guard unsafe fstatvfs(descriptor, &status) == 0 else { return nil }
    return Int(exactly: status.f_bavail.multipliedReportingOverflow(by: UInt(status.f_frsize)).partialValue)
  }

  /// Appends the first `count` bytes of `bytes`.
  public func write(_ bytes: [UInt8], count: Int? = nil) throws {
    let count = count ?? bytes.count
    precondition(count <= bytes.count)
    if pending.count + count <= Self.bufferSize {
      pending.append(contentsOf: bytes[..<count])
      byteCount += count
      return
    }
    try flush()
    try bytes.withUnsafeBytes { try unsafe writeOut(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    byteCount += count
  }

  /// Gives the file its name.
  ///
  /// - Parameter replacing: whether a file that stands there already may be replaced.
  /// - Throws: ``SystemError``; with ``SystemError/isAlreadyThere`` where a file appeared and may not be replaced.
  public func commit(replacing: Bool) throws {
    try flush()
    let renamed = replacing ? rename(temporaryPath, path) : suture_rename_exclusive(temporaryPath, path)
    if renamed != 0 { throw SystemError.last("write", path) }
    isOpen = false
    unsafe suture_forget_file(guarded)
    if close(descriptor) != 0 { throw SystemError.last("close", path) }
  }

  private func flush() throws {
    try pending.withUnsafeBytes { try unsafe writeOut($0) }
    pending.removeAll(keepingCapacity: true)
  }

  private func writeOut(_ bytes: UnsafeRawBufferPointer) throws {
    var done = 0
    while done < bytes.count {
      let put = retrying {
        unsafe Glibc.write(descriptor, bytes.baseAddress.map { unsafe $0 + done }, bytes.count - done)
      }
      if put < 0 { throw SystemError.last("write", path) }
      done += put
    }
  }
}

/// An output path leads to something that a file cannot take the place of.
public struct NotReplaceable: Error, CustomStringConvertible {
  public let path: String
  public let kind: NotAFile.Kind

  public var description: String { "cannot write \(path): it is \(kind.rawValue)" }
}

/// Lets SIGINT, SIGTERM and SIGHUP remove unfinished outputs before they end the process with code 130.
public func removeUnfinishedFilesOnSignals() { suture_remove_guarded_files_on_signals() }

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
