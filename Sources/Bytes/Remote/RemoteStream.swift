internal import SutureText

/// A range of a file at a server that is read from its start on; where the connection breaks, a new one goes on.
///
/// One thread uses it at a time.
final class RemoteStream: @unchecked Sendable {
  let connection: Connection
  private let query: Download.Query
  /// The next byte.
  private(set) var position: Int
  let end: Int
  private(set) var identity: RemoteIdentity
  private var isOpen = true
  /// How often it broke since bytes last came, and how often it was too slow since many did.
  private var (faults, stalls) = (0, 0)
  private var sinceStall = 0

  private static let mostFaults = 5
  /// Whoever sends as much is not stalled.
  static let notStalled = 1 << 20

  /// Asks for a range of the file that is known to be `identity`.
  ///
  /// - Parameter identity: `nil` on the first request, of which the answer may also be shorter: as the file is.
  init(_ address: Address, _ range: Range<Int>, identity: RemoteIdentity?, on connection: Connection) throws {
    let query = Download.Query(address: address, range: range, identity: identity)
    let download = try Download.begin(query, on: connection)
    (self.connection, self.query, self.identity) = (connection, query, download.identity)
    position = range.lowerBound
    end = download.range?.upperBound ?? range.upperBound
  }

  /// Fills `buffer` from `start` on with the next `count` bytes.
  ///
  /// - Throws: `Failure` of the kind `remote`.
  func read(_ count: Int, into buffer: inout [UInt8], at start: Int) throws {
    var done = 0
    while done < count {
      done += try receive(atMost: count - done) { connection, size in
        connection.take(size, into: &buffer, at: start + done)
      }
    }
  }

  /// Steps over the next `count` bytes, which come all the same.
  func skip(_ count: Int) throws {
    var done = 0
    while done < count { done += try receive(atMost: count - done) { $0.skip($1) } }
  }

  /// What is waited for at a time.
  private static let portion = 1 << 18

  private func receive(atMost count: Int, _ take: (Connection, Int) -> Void) throws -> Int {
    if !isOpen { try reopen() }
    let state = connection.wait(for: min(count, Self.portion))
    let size = min(connection.available, count)
    if size > 0 {
      take(connection, size)
      position += size
      faults = 0
      sinceStall += size
      if sinceStall > Self.notStalled { stalls = 0 }
      return size
    }
    isOpen = false
    faults += 1
    if connection.isTimeout { (stalls, sinceStall) = (stalls + 1, 0) }
    let reason =
      state == .failed
      ? (connection.isTimeout
        ? "the server has sent next to nothing for \(Connection.patience) seconds" : connection.errorText)
      : "the server sent fewer bytes than it said"
    if faults > Self.mostFaults || stalls > 1 {
      throw Failure(
        .remote, at: FailurePlace(file: query.address.name, byteOffset: position),
        "the transfer breaks off: \(reason)", remedies: ["try again later"])
    }
    Log.debug("\(query.address.name): broke off at byte \(position): \(reason)")
    pause(0.1 * Double(1 << faults))
    return 0
  }

  private func reopen() throws {
    var query = query
    query.range = position..<end
    query.identity = identity
    _ = try Download.begin(query, on: connection)
    isOpen = true
  }
}
