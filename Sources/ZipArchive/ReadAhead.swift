internal import SutureBytes

/// A source that reads more than the few bytes that are asked for, and remembers it.
///
/// The structure of an archive is read in many small pieces: those of one header, which lie together, and where records are
/// small, those of the next ones.
final class ReadAhead: ByteSource {
  private let source: any ByteSource
  private let window = Guarded(Window())

  private struct Window {
    var start = 0
    var count = 0
    var bytes: [UInt8] = []
  }

  /// For what lies close behind what was read last, and for what does not.
  private static let (sizeNearby, sizeElsewhere) = (4096, 512)
  private static let margin = 64

  init(_ source: any ByteSource) { self.source = source }

  var name: String { source.name }
  var byteCount: Int { source.byteCount }
  var distance: Distance? { source.distance }

  func read(into buffer: inout [UInt8], count: Int, at offset: Int) throws {
    guard count <= Self.sizeElsewhere - Self.margin, offset >= 0, offset <= byteCount - count,
      count <= buffer.count
    else {
      return try source.read(into: &buffer, count: count, at: offset)
    }
    try window.withLock { window in
      if offset < window.start || offset + count > window.start + window.count {
        if window.bytes.isEmpty { window.bytes = [UInt8](repeating: 0, count: Self.sizeNearby) }
        // libzip looks into the middle of a header first.
        let start = max(offset - Self.margin, 0)
        let isNearby = start >= window.start && start - window.start <= Self.sizeNearby
        let available = min(isNearby ? Self.sizeNearby : Self.sizeElsewhere, byteCount - start)
        // A failed read leaves bytes behind that are not those of any place.
        window.count = 0
        try source.read(into: &window.bytes, count: available, at: start)
        (window.start, window.count) = (start, available)
      }
      try MemorySource(window.bytes, name: name).read(into: &buffer, count: count, at: offset - window.start)
    }
  }
}
