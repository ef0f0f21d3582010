internal import CSutureSystem
internal import Glibc
internal import Synchronization
internal import SutureText

/// A file that appears under its name only once it is whole.
///
/// Bytes go to a hidden temporary file beside `path`; ``commit(replacing:)`` renames it into place. When that
/// never happens, because of an error or a signal, the temporary file goes and whatever stood at `path` stays.
public final class OutputFile: Sendable {
  public let path: String

  /// Where the bytes are until the file gets its name.
  public let temporaryPath: String

  let descriptor: CInt
  private let guarded: Guard
  private let isOpen = Atomic(true)
  let mayClone = Atomic(true)

  /// The list of files that a signal removes is C's; a handle may be given back from any thread.
  @safe private struct Guard: @unchecked Sendable { let handle: OpaquePointer? }

  /// What the user wants nobody to be allowed: it can only be had by setting it, which one thread may do once.
  private static let mask: mode_t = {
    let mask = umask(0)
    umask(mask)
    return mask
  }()

  /// Creates the temporary file.
  ///
  /// - Parameter temporary: a folder of the same file system for it, with a slash at its end; `nil` for that of the file.
  /// - Throws: ``SystemError`` where the folder does not exist or cannot be written, `Failure` where
  ///   `path` leads to a directory, a pipe or a device.
  public init(_ path: String, temporary: String? = nil) throws {
    var status = stat()
    if unsafe stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      let kind = FileKind(mode: status.st_mode).rawValue
      throw Failure(in: path, "a file cannot take its place: it is \(kind)", kind: .cannotWrite)
    }
    // mkstemp's name does not grow with the output's, so a name that just fits still does.
    var template = Array(((temporary ?? folder(of: path)) + ".suture-XXXXXX").utf8CString)
    var handle: OpaquePointer?
    let descriptor = unsafe suture_make_guarded_file(&template, &handle)
    if descriptor < 0 { throw SystemError.last("write", path) }
    fchmod(descriptor, 0o666 & ~Self.mask)
    temporaryPath = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guarded = unsafe Guard(handle: handle)
    self.descriptor = descriptor
    self.path = path
  }

  deinit { discard() }

  /// Gives the file up: the temporary file goes.
  public func discard() {
    guard isOpen.exchange(false, ordering: .relaxed) else { return }
    close(descriptor)
    unsafe unlink(temporaryPath)
    unsafe suture_forget_file(guarded.handle)
  }

  /// How many bytes the file system of the output still has room for.
  public var freeSpace: Int? {
    var status = statvfs()
    guard unsafe fstatvfs(descriptor, &status) == 0 else { return nil }
    let (bytes, overflow) = UInt(status.f_bavail).multipliedReportingOverflow(by: UInt(status.f_frsize))
    return overflow ? nil : Int(exactly: bytes)
  }

  /// Refuses to begin where the file system has no room for what is to come, as far as it says.
  ///
  /// - Throws: `Failure`.
  package func validateSpace(for byteCount: Int) throws {
    guard let freeSpace, freeSpace < byteCount else { return }
    throw Failure(
      in: path,
      "there is not enough space: \(Format.bytes(byteCount)) are needed, \(Format.bytes(freeSpace)) are free",
      remedies: ["free some space, or write elsewhere; nothing was left behind"], kind: .cannotWrite)
  }

  /// Gives the file its name.
  ///
  /// - Parameter replacing: whether a file that stands there already may be replaced.
  /// - Throws: ``SystemError``; with ``SystemError/isAlreadyThere`` where a file appeared and may not be replaced.
  public func commit(replacing: Bool) throws {
    let renamed =
      unsafe replacing ? rename(temporaryPath, path) : suture_rename_exclusive(temporaryPath, path)
    if renamed != 0 { throw SystemError.last("write", path) }
    isOpen.store(false, ordering: .relaxed)
    unsafe suture_forget_file(guarded.handle)
    if close(descriptor) != 0 { throw SystemError.last("close", path) }
  }

  /// Waits until the bytes are on the device, not only in memory.
  public func synchronize() throws {
    if fsync(descriptor) != 0 { throw SystemError.last("write", path) }
  }

  /// Writes a file that is at hand as a whole.
  ///
  /// - Parameter replaces: whether it may take the place of one that stands there.
  public static func write(_ bytes: [UInt8], to path: String, replacing replaces: Bool = true) throws {
    let output = try OutputFile(path)
    try output.write(bytes)
    try output.commit(replacing: replaces)
  }

  /// Writes what is at hand as a whole.
  public func write(_ bytes: [UInt8]) throws { try write(bytes, 0..<bytes.count, at: 0) }

  /// Lets `count` bytes from `offset` on be stored where those of `source` from `start` on are.
  ///
  /// - Returns: whether the file system could do that.
  func share(_ source: FileSource, from start: Int, count: Int, at offset: Int) -> Bool {
    if suture_share_range(source.descriptor, Int64(start), Int64(count), descriptor, Int64(offset)) == 0 {
      return true
    }
    // What could not be done once will not be done for the next stretch.
    mayClone.store(false, ordering: .relaxed)
    return false
  }

  /// Writes some of `bytes` from `offset` on, in parts that end at multiples of ``OutputRegion/blockSize``.
  func write(_ bytes: [UInt8], _ range: Range<Int>, at offset: Int) throws {
    try unsafe bytes.withUnsafeBytes { bytes in
      var (start, place) = (range.lowerBound, offset)
      while start < range.upperBound {
        let count = min(range.upperBound - start, OutputRegion.blockSize - place % OutputRegion.blockSize)
        try unsafe writeAll(
          .init(rebasing: bytes[start..<(start + count)]), count, to: descriptor, at: place, name: path)
        (start, place) = (start + count, place + count)
      }
    }
  }
}

/// Lets SIGINT, SIGTERM and SIGHUP remove unfinished outputs before they end the process with code 130.
public func removeUnfinishedFilesOnSignals() { suture_remove_guarded_files_on_signals() }

/// Does something that those signals may not cut in two: they wait until it is done.
public func uninterrupted<R>(_ body: () throws -> R) rethrows -> R {
  suture_hold_signals()
  defer { suture_release_signals() }
  return try body()
}

/// Waits until names that were given or taken in a folder are on the device.
public func synchronize(folder: String) throws {
  let descriptor = CInt(retrying { unsafe Int(open(folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY)) })
  if descriptor < 0 { throw SystemError.last("write", folder) }
  defer { close(descriptor) }
  // A file system that cannot do this for folders keeps names safe by other means.
  if fsync(descriptor) != 0, suture_errno() != EINVAL { throw SystemError.last("write", folder) }
}
