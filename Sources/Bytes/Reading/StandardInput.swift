internal import CSutureSystem
internal import Glibc
internal import SutureText

/// Standard input, read as a file from any offset: `-` where a file is asked for.
///
/// A file that was redirected is read where it lies. What comes through a pipe goes into a temporary file without a name, for
/// the directory of an archive stands at its end; it lies in `TMPDIR`, or `/tmp`, and is gone with the process.
public enum StandardInput {
  /// The word that stands for it.
  public static let word = "-"
  /// What reports and errors call it.
  public static let name = "standard input"

  private static let opened = Guarded<FileSource?>(nil)

  /// All of it; the same file for whoever asks again.
  ///
  /// - Throws: `Failure` where it is a terminal, or longer than there is room for; ``SystemError``.
  static func source() throws -> FileSource { try opened.made { try open() } }

  private static func open() throws -> FileSource {
    let input = StandardStream.input.rawValue
    if StandardStream.input.isTerminal {
      throw Failure(
        in: name, "it is a terminal, and what is read is a file",
        remedies: ["pipe a file into it, or name one"], kind: .usage)
    }
    var status = stat()
    guard unsafe fstat(input, &status) == 0 else { throw SystemError.last("read", name) }
    if status.st_mode & S_IFMT == S_IFREG, lseek(input, 0, SEEK_CUR) == 0 {
      return FileSource(standardInput: try duplicate(input), byteCount: Int(status.st_size))
    }
    let folder = CurrentProcess.environment("TMPDIR").flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
    let file = try unnamedFile(in: folder)
    do { return FileSource(standardInput: file, byteCount: try copy(input, to: file, in: folder)) } catch {
      close(file)
      throw error
    }
  }

  private static func duplicate(_ descriptor: CInt) throws -> CInt {
    let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
    if copy < 0 { throw SystemError.last("read", name) }
    return copy
  }

  /// A file that has no name any more.
  private static func unnamedFile(in folder: String) throws -> CInt {
    let start = folder.hasSuffix("/") ? folder : folder + "/"
    var template = Array((start + ".suture-XXXXXX").utf8CString)
    var handle: OpaquePointer?
    let descriptor = unsafe suture_make_guarded_file(&template, &handle)
    if descriptor < 0 {
      let error = SystemError.last("write", folder)
      throw Failure(
        in: folder, "\(name) is kept here while it is read: \(error.reason)", remedies: elsewhere,
        kind: .cannotWrite)
    }
    unsafe unlink(template)
    unsafe suture_forget_file(handle)
    return descriptor
  }

  private static let elsewhere: [Remedy] = [
    "TMPDIR names another folder for it", "save it as a file, and name that",
  ]

  /// - Returns: how many bytes came.
  private static func copy(_ input: CInt, to file: CInt, in folder: String) throws -> Int {
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    var (total, room) = (0, 0)
    while true {
      let count = unsafe buffer.withUnsafeMutableBytes { target in
        retrying { unsafe read(input, target.baseAddress, target.count) }
      }
      if count < 0 { throw SystemError.last("read", name) }
      if count == 0 { return total }
      // A file system that is full to the last byte is nobody's friend: the rest is left to others.
      if count > room {
        room = spareRoom(file)
        guard count <= room else { throw full(total, folder) }
      }
      do {
        try unsafe buffer.withUnsafeBytes {
          try unsafe writeAll($0, count, to: file, at: total, name: folder)
        }
      } catch let error as SystemError where error.isOutOfSpace {
        throw full(total, folder)
      }
      (total, room) = (total + count, room - count)
    }
  }

  /// How many bytes may come before room is looked for again.
  private static func spareRoom(_ file: CInt) -> Int {
    var status = statvfs()
    guard unsafe fstatvfs(file, &status) == 0 else { return .max }
    let (bytes, overflow) = UInt(status.f_bavail).multipliedReportingOverflow(by: UInt(status.f_frsize))
    return min(overflow ? .max : Int(clamping: bytes) - spared, 1 << 26)
  }

  /// What is left free.
  private static let spared = 1 << 24

  private static func full(_ taken: Int, _ folder: String) -> Failure {
    Failure(
      in: folder, "there is no room for \(name): \(Format.bytes(taken)) of it came, and more is to come",
      remedies: elsewhere, kind: .cannotWrite)
  }
}

/// Opens what a word of the user's names, for reading: a path, an address, or `-` for standard input.
///
/// - Throws: what ``openSource(_:)`` throws.
public func openInput(_ word: String) throws -> any ByteSource {
  word == StandardInput.word ? try StandardInput.source() : try openSource(word)
}
