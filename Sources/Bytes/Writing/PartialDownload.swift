internal import CSutureSystem
internal import Glibc
internal import SutureText

/// A file that is being fetched, beside the place where it is to be.
///
/// What came stays when a fetch ends early, as `NAME.part`, with what the server said of the file in `NAME.part.from`: the
/// next fetch goes on where the server says that it is the same file, and begins anew otherwise.
public final class PartialDownload: @unchecked Sendable {
  /// Where the file is to be.
  public let path: String
  /// Where it is until then.
  public let partPath: String
  private let address: Address
  private let descriptor: CInt
  private let written = Guarded((count: 0, beginnings: 0, isEnded: false))

  /// How many bytes were there already.
  public private(set) var resumedFrom = 0
  /// The SHA-256 that the server's own record of the file has, in lower case; `nil` where it says none.
  public private(set) var recordedSHA256: String?
  public private(set) var byteCount = 0

  private var notePath: String { partPath + ".from" }

  /// Takes the part, which one fetch may have at a time.
  ///
  /// - Throws: ``SystemError``, or `Failure` where another has it.
  public init(_ address: Address, to path: String) throws {
    (self.address, self.path, partPath) = (address, path, path + ".part")
    let descriptor = CInt(
      retrying { [partPath] in unsafe Int(open(partPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o666)) })
    if descriptor < 0 { throw SystemError("write", partPath, code: suture_errno()) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw Failure(
        in: partPath, "another fetch of it is under way", remedies: ["wait for it, or choose another place"],
        kind: .cannotWrite)
    }
    self.descriptor = descriptor
  }

  deinit {
    var status = stat()
    // Of what never began nothing is left.
    if unsafe fstat(descriptor, &status) == 0, status.st_size == 0, status.st_nlink > 0 { discard() }
    close(descriptor)
  }

  /// Fetches what is missing.
  ///
  /// - Parameters:
  ///   - hashes: whether to compute the SHA-256 meanwhile.
  ///   - progress: is told how many bytes are there of how many, as far as that is known.
  /// - Returns: the SHA-256 in lower case, if it was asked for.
  /// - Throws: `Failure` of the kind `remote`, or ``SystemError``; the part stays.
  public func run(hashes: Bool, progress: (_ done: Int, _ total: Int?) -> Void) throws -> String? {
    unsafe suture_say_on_signals(
      "interrupted: what came stays in \(partPath.visible); the same line goes on from there\n")
    defer { suture_say_on_signals(nil) }
    guard hashes else {
      try fetch(progress)
      return nil
    }
    let digest = Guarded<String?>(nil)
    try withoutActuallyEscaping(progress) { progress in
      let step = Unshared(progress)
      try concurrently(2, workers: 2) { index in
        if index == 1 {
          let sum = try hash()
          digest.withLock { $0 = sum }
          return
        }
        defer { written.withLock { $0.isEnded = true } }
        try fetch(step.value)
      }
    }
    return digest.withLock { $0 }
  }

  /// A closure that one thread calls.
  private struct Unshared<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
  }

  /// Gives the file its name.
  ///
  /// - Throws: ``SystemError``; with ``SystemError/isAlreadyThere`` where a file stands there and may not be replaced.
  public func commit(replacing: Bool) throws {
    let renamed = unsafe replacing ? rename(partPath, path) : suture_rename_exclusive(partPath, path)
    if renamed != 0 { throw SystemError.last("write", path) }
    unsafe unlink(notePath)
  }

  /// Throws away what came.
  public func discard() {
    unsafe unlink(partPath)
    unsafe unlink(notePath)
  }

  // MARK: Fetching

  private static let mostFaults = 5
  private static let portion = 1 << 18

  private func fetch(_ progress: (Int, Int?) -> Void) throws {
    let connection = try Connection()
    var (position, identity) = try begun()
    resumedFrom = position
    // What is there already is hashed as well, also where nothing is left to come.
    written.withLock { [position] in $0.count = position }
    var (faults, stalls) = (0, 0)
    while true {
      let download = try Download.begin(
        .init(
          address: address, rest: position > 0 ? position : nil, identity: position > 0 ? identity : nil),
        on: connection)
      recordedSHA256 = download.recordedSHA256 ?? recordedSHA256
      if download.status == 416 {
        if download.identity.byteCount == position { break }
        (position, identity, resumedFrom) = (0, nil, 0)
        try truncate()
        continue
      }
      if download.status == 206, position > 0, !download.identity.continues(identity) {
        // Whoever says nothing of the file, or something else than before, may send the rest of another.
        (position, identity, resumedFrom) = (0, nil, 0)
        try truncate()
        continue
      }
      if download.status == 200, position > 0 {
        // It is another file now, or the server does not send parts.
        (position, resumedFrom) = (0, 0)
        try truncate()
      }
      identity = download.identity
      try note(download.identity)
      written.withLock { $0.count = position }
      let before = position
      var state = Connection.State.running
      repeat {
        state = connection.wait(for: Self.portion)
        try unsafe connection.takeAll { bytes in
          try unsafe writeAll(bytes, bytes.count, to: descriptor, at: position, name: partPath)
          position += bytes.count
        }
        let end = position
        written.withLock { $0.count = end }
        progress(position, download.identity.byteCount)
      } while state == .running
      if state == .done, download.identity.byteCount.map({ $0 == position }) != false { break }
      faults = position > before ? 1 : faults + 1
      stalls = connection.isTimeout && position - before < RemoteStream.notStalled ? stalls + 1 : 0
      if faults > Self.mostFaults || stalls > 1 {
        throw Failure(
          .remote, at: FailurePlace(file: address.name, byteOffset: position),
          "the transfer breaks off: "
            + (stalls > 1
              ? "the server has sent next to nothing for \(Connection.patience) seconds"
              : state == .failed ? connection.errorText : "the server sent fewer bytes than it said"),
          remedies: [.advice("what came stays in \(partPath.visible): the same line goes on from there")])
      }
      pause(0.2 * Double(1 << faults))
    }
    byteCount = position
    ftruncate(descriptor, off_t(position))
  }

  private func truncate() throws {
    // Said first: what is read of the file from now on is of another.
    written.withLock { ($0.count, $0.beginnings) = (0, $0.beginnings + 1) }
    if ftruncate(descriptor, 0) != 0 { throw SystemError.last("write", partPath) }
  }

  /// What an earlier fetch of the same address left, and what the server said of it then.
  private func begun() throws -> (position: Int, identity: RemoteIdentity?) {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw SystemError.last("read", partPath) }
    let lines = (try? FileSource(notePath)).flatMap { try? $0.bytes(0..<min($0.byteCount, 1 << 16)) }
      .map { String(decoding: $0, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false) }
    if status.st_size > 0, let lines, lines.count >= 3, lines[0] == address.name, !lines[1].isEmpty {
      let identity = RemoteIdentity(
        byteCount: Int(lines[2]), entityTag: lines[1].hasPrefix("\"") ? String(lines[1]) : nil,
        lastModified: lines[1].hasPrefix("\"") ? nil : String(lines[1]))
      return (Int(status.st_size), identity)
    }
    try truncate()
    return (0, nil)
  }

  /// Keeps what the next fetch has to know.
  private func note(_ identity: RemoteIdentity) throws {
    let text = "\(address.name)\n\(identity.validator ?? "")\n\(identity.byteCount.map(String.init) ?? "")\n"
    let file = try OutputFile(notePath)
    try file.write(Array(text.utf8))
    try file.commit(replacing: true)
  }

  // MARK: The hash

  /// Reads behind the fetch what it has written.
  private func hash() throws -> String {
    var digest = try SHA256()
    var (position, beginnings) = (0, 0)
    var buffer = [UInt8](repeating: 0, count: Self.portion)
    while true {
      let now = written.withLock { $0 }
      let (count, isEnded) = (now.count, now.isEnded)
      if now.beginnings != beginnings {
        digest = try SHA256()
        (position, beginnings) = (0, now.beginnings)
      } else if count == position {
        if isEnded { return digest.hexadecimal() }
        pause(0.001)
      } else {
        let size = min(count - position, buffer.count)
        let got = unsafe buffer.withUnsafeMutableBytes {
          unsafe readOnce(descriptor, $0.baseAddress, size, at: position)
        }
        if got < 0 { throw SystemError.last("read", partPath) }
        if got == 0 || written.withLock({ $0.beginnings }) != beginnings { continue }
        digest.update(buffer, count: got)
        position += got
      }
    }
  }
}
