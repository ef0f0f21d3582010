internal import SutureBytes
internal import SutureText

/// The contents of a deflated record.
///
/// A small one is held once it has been asked for; a large one is inflated on the way, again from its start where an
/// earlier byte is wanted, so that memory does not depend on its size.
final class InflatedRecord: ByteSource {
  private let archive: ArchiveReader
  private let record: Record
  private let state = Guarded(State())

  private struct State {
    var held: [UInt8]?
    var stream: Stream?
  }

  /// libzip's handle crosses threads only under the mutex.
  private struct Stream: @unchecked Sendable { let stream: LibzipStream }

  private static let largestHeld = 1 << 14

  init(archive: ArchiveReader, record: Record) { (self.archive, self.record) = (archive, record) }

  deinit { state.withLock { close(&$0) } }

  var name: String { "\(archive.source.name): \(record.name)" }
  var byteCount: Int { record.size }

  func extent(_ range: Range<Int>) -> FileExtent? { archive.source.extent(record.extent) }

  var distance: Distance? { archive.source.distance?.part(record.extent) }

  func expect(_ range: Range<Int>) { archive.source.expect(record.extent) }

  func read(into buffer: inout [UInt8], count: Int, at offset: Int) throws {
    guard offset >= 0, count >= 0, count <= byteCount - offset, count <= buffer.count else {
      throw Failure.ended(name, at: offset, needed: count)
    }
    if record.size <= Self.largestHeld { return try readHeld(into: &buffer, count: count, at: offset) }
    var filled = buffer
    buffer = []
    defer { buffer = filled }
    try state.withLock { state in
      if let stream = state.stream?.stream, stream.position > offset { close(&state) }
      let stream = try state.stream ?? open()
      state.stream = stream
      do {
        try archive.withArchive { _ in
          try withBuffer(Self.skipSize) { skipped in
            while stream.stream.position < offset {
              try stream.stream.read(
                into: &skipped, count: min(Self.skipSize, offset - stream.stream.position))
            }
          }
          try stream.stream.read(into: &filled, count: count)
        }
        // A checkpoint has thousands of records, and what inflates one takes memory.
        if stream.stream.position == byteCount { close(&state) }
      } catch {
        close(&state)
        throw error
      }
    }
  }

  private static let skipSize = 1 << 17

  private func readHeld(into buffer: inout [UInt8], count: Int, at offset: Int) throws {
    let bytes = try state.withLock { state in
      if let held = state.held { return held }
      let inflated = try archive.held(record)
      state.held = inflated
      return inflated
    }
    try MemorySource(bytes, name: name).read(into: &buffer, count: count, at: offset)
  }

  private func open() throws -> Stream {
    _ = try archive.payloadOffset(of: record)
    return try archive.withArchive { Stream(stream: try $0.open(record.index, name: record.name)) }
  }

  private func close(_ state: inout State) {
    if let stream = state.stream { archive.withArchive { _ in stream.stream.close() } }
    state.stream = nil
  }
}
