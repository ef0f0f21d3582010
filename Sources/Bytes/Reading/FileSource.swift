internal import Glibc
internal import SutureText

/// A regular file, open for reading.
///
/// Reads go through `pread(2)`: a file that another program truncates meanwhile is an error here, never the
/// SIGBUS that a mapping would bring.
public final class FileSource: ByteSource {
  public let name: String
  public let byteCount: Int
  let descriptor: CInt
  /// Whether it is what ``StandardInput`` gave.
  package let isStandardInput: Bool

  /// Opens the file at `path`.
  ///
  /// - Throws: ``SystemError`` where it cannot be opened, `Failure` where it is a directory, a pipe or a device.
  public init(_ path: String) throws {
    // O_NONBLOCK: opening a FIFO that nobody writes to must not hang before we can say that it is a FIFO.
    func opened() -> CInt {
      CInt(retrying { unsafe Int(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) })
    }
    var descriptor = opened()
    // A run of a thousand ranks leaves more files than a process may have open unless it asks for more.
    if descriptor < 0, errno == EMFILE, raiseFileLimit() { descriptor = opened() }
    if descriptor < 0 { throw SystemError.last("open", path) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      let error = SystemError.last("stat", path)
      close(descriptor)
      throw error
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw Failure(in: path, "it is \(FileKind(mode: status.st_mode).rawValue)")
    }
    self.descriptor = descriptor
    name = path
    byteCount = Int(status.st_size)
    isStandardInput = false
  }

  /// What standard input gave; `descriptor` is closed with the source.
  init(standardInput descriptor: CInt, byteCount: Int) {
    (name, self.descriptor, self.byteCount) = (StandardInput.name, descriptor, byteCount)
    isStandardInput = true
  }

  deinit { close(descriptor) }

  public var isRandomAccess: Bool { true }

  public func extent(_ range: Range<Int>) -> FileExtent? {
    isStandardInput ? nil : FileExtent(name, range)
  }

  public func read(into buffer: inout [UInt8], count: Int, at offset: Int) throws {
    guard offset >= 0, count >= 0, count <= buffer.count else {
      throw Failure.ended(name, at: offset, needed: count)
    }
    try unsafe buffer.withUnsafeMutableBytes { target in
      var done = 0
      while done < count {
        let got = unsafe readOnce(
          descriptor, target.baseAddress.map { unsafe $0 + done }, count - done, at: offset + done)
        if got < 0 { throw SystemError.last("read", name) }
        if got == 0 { throw Failure.ended(name, at: offset + done, needed: count - done) }
        done += got
      }
    }
  }
}

/// What a path leads to that is no regular file.
enum FileKind: String {
  case directory = "a directory"
  case pipe = "a pipe, which cannot be read from any offset"
  case special = "not a regular file"

  init(mode: mode_t) {
    switch mode & S_IFMT {
    case S_IFDIR: self = .directory
    case S_IFIFO, S_IFSOCK: self = .pipe
    default: self = .special
    }
  }
}

/// Allows this process as many open files as it may allow itself; whether that are more than before.
private func raiseFileLimit() -> Bool {
  var limit = rlimit()
  guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0,
    limit.rlim_cur < limit.rlim_max
  else { return false }
  limit.rlim_cur = limit.rlim_max
  return unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
}
