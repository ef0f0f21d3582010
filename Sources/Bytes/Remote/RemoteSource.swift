internal import SutureText

/// A file at a server, of which only the ranges are asked for that are read.
///
/// What is read once as a small piece is remembered, since the structure of a file is read in many that lie close
/// together; what is read in order comes in one answer as far as that is known. All answers are of one and the same file,
/// or reading it throws.
public final class RemoteSource: ByteSource {
  public let address: Address
  public let byteCount: Int
  private let identity: RemoteIdentity
  private let state: Guarded<State>

  fileprivate struct State {
    /// Answers that are being read, the latest last.
    var streams: [RemoteStream] = []
    /// Connections without a request.
    var idle: [Connection] = []
    /// What will be read in order, as far as somebody said so.
    var expected: [Range<Int>] = []
    /// Small pieces, the latest last.
    var kept: [(start: Int, bytes: [UInt8])] = []
    var keptBytes = 0
    /// Where the last answer that was asked for a small piece ended, and how many followed one another.
    var lastEnd = -1
    var streak = 0
  }

  /// As much is asked for first: what a file is shows in it.
  private static let headSize = 512
  /// Larger pieces are not remembered.
  private static let largestKept = 1 << 17
  /// What is shorter is asked for as it comes, with what lies beside it.
  private static let smallest = 1 << 18
  private static let mostKept = 1 << 23
  private static let mostStreams = 16
  /// Bytes that nobody wants are cheaper than another request.
  private static let gap = 1 << 16

  /// Asks what is there.
  ///
  /// - Throws: `Failure` of the kind `remote`, or `usage` where the address is none.
  public convenience init(_ address: String) throws { try self.init(Address(address)) }

  /// Asks what is there.
  ///
  /// - Throws: `Failure` of the kind `remote`.
  public init(_ address: Address) throws {
    self.address = address
    let stream = try RemoteStream(address, 0..<Self.headSize, identity: nil, on: Connection())
    guard let byteCount = stream.identity.byteCount else {
      throw Failure.remote(
        address.name, "the server does not say how long the file is",
        "fetch the file first, and work on that")
    }
    var head = [UInt8](repeating: 0, count: stream.end)
    try stream.read(stream.end, into: &head, at: 0)
    self.byteCount = byteCount
    identity = stream.identity
    var state = State()
    state.idle = [stream.connection]
    state.kept = [(0, head)]
    (state.keptBytes, state.lastEnd) = (head.count, head.count)
    self.state = Guarded(state)
  }

  public var name: String { address.name }

  /// Whether the server says something by which a change of the file between two requests shows.
  package var showsChanges: Bool { identity.entityTag != nil || identity.lastModified != nil }

  public var distance: Distance? { Distance(source: self, range: 0..<byteCount) }

  public func expect(_ range: Range<Int>) {
    if range.count < Self.smallest { return }
    state.withLock { state in
      let isKnown =
        state.expected.contains { $0.clamped(to: range) == range }
        || state.streams.contains { ($0.position..<$0.end).clamped(to: range) == range }
      if isKnown { return }
      state.expected.append(range)
      if state.expected.count > 64 { state.expected.removeFirst() }
    }
  }

  public func read(into buffer: inout [UInt8], count: Int, at offset: Int) throws {
    guard offset >= 0, count >= 0, count <= byteCount - offset, count <= buffer.count else {
      throw Failure.ended(name, at: offset, needed: count)
    }
    let known = state.withLock { $0.copy(count, at: offset, into: &buffer) }
    if known == count { return }
    let wanted = (offset + known)..<(offset + count)
    let stream = try state.withLock { $0.takeStream(for: wanted, gap: Self.gap) } ?? open(wanted)
    try stream.skip(wanted.lowerBound - stream.position)
    try stream.read(wanted.count, into: &buffer, at: known)
    if count <= Self.largestKept, stream.end - stream.position <= Self.smallest {
      // What is left of a small answer is remembered with it.
      var piece = Array(buffer[known..<count])
      let rest = stream.end - stream.position
      piece += [UInt8](repeating: 0, count: rest)
      try stream.read(rest, into: &piece, at: wanted.count)
      state.withLock { $0.keep(piece, from: wanted.lowerBound, most: Self.mostKept) }
    }
    state.withLock { state in
      if stream.position >= stream.end {
        state.idle.append(stream.connection)
      } else {
        state.streams.append(stream)
        if state.streams.count > Self.mostStreams { state.streams.removeFirst() }
      }
    }
  }

  /// Asks for what is wanted, and for more of what will be.
  private func open(_ wanted: Range<Int>) throws -> RemoteStream {
    let (range, connection) = state.withLock { state in
      (state.plan(wanted, byteCount: byteCount), state.idle.popLast())
    }
    Log.debug("\(name): bytes \(range.lowerBound) to \(range.upperBound - 1)")
    return try RemoteStream(address, range, identity: identity, on: connection ?? Connection())
  }
}

extension RemoteSource.State {
  /// Copies as many of the bytes as are remembered from `offset` on, and says how many.
  fileprivate func copy(_ count: Int, at offset: Int, into buffer: inout [UInt8]) -> Int {
    var done = 0
    search: while done < count {
      let position = offset + done
      for (start, bytes) in kept.reversed() where start <= position && position < start + bytes.count {
        let size = min(count - done, start + bytes.count - position)
        buffer.replaceSubrange(
          done..<(done + size), with: bytes[(position - start)..<(position - start + size)])
        done += size
        continue search
      }
      break
    }
    return done
  }

  fileprivate mutating func keep(_ bytes: [UInt8], from start: Int, most: Int) {
    kept.append((start, bytes))
    keptBytes += bytes.count
    while keptBytes > most || kept.count > 256, kept.count > 1 { keptBytes -= kept.removeFirst().bytes.count }
  }

  /// An answer that comes to what is wanted soon.
  fileprivate mutating func takeStream(for wanted: Range<Int>, gap: Int) -> RemoteStream? {
    let place = streams.lastIndex {
      $0.position <= wanted.lowerBound && wanted.lowerBound - $0.position <= gap
        && wanted.upperBound <= $0.end
    }
    return place.map { streams.remove(at: $0) }
  }

  /// What to ask for.
  fileprivate mutating func plan(_ wanted: Range<Int>, byteCount: Int) -> Range<Int> {
    if let place = expected.lastIndex(where: { $0.contains(wanted.lowerBound) }) {
      let end = expected.remove(at: place).upperBound
      return wanted.lowerBound..<min(max(end, wanted.upperBound), byteCount)
    }
    // Whoever goes from piece to piece goes on so.
    let follows = lastEnd >= 0 && wanted.lowerBound >= lastEnd && wanted.lowerBound - lastEnd <= 1 << 16
    streak = follows ? streak + 1 : 0
    var end = wanted.upperBound
    if streak >= 2 {
      end = wanted.lowerBound + max(wanted.count, 1 << min(15 + streak, 20))
    } else if wanted.count <= 64 {
      // The first numbers of a header are followed by the rest of it.
      end = wanted.lowerBound + 1024
    }
    end = min(max(end, wanted.upperBound), byteCount)
    lastEnd = end
    return wanted.lowerBound..<end
  }
}

extension ByteSource {
  /// The source as one with an address; `nil` of what lies here, which is not cast: that would take longer than all else that
  /// is asked of a small file.
  package var remote: RemoteSource? { distance == nil ? nil : self as? RemoteSource }
}
