internal import SutureBytes

/// A source that reads some kilobytes where a few bytes are asked for, and remembers them.
///
/// The structure of an archive is read in many small pieces that lie close together.
final class ReadAhead: ByteSource {
  private let source: any ByteSource
  private let window = Guarded(Window())

  private struct Window {
    var start = 0
    var count = 0
    var bytes: [UInt8] = []
  }

  private static let windowSize = 4096
  private static let margin = 64

  init(_ source: any ByteSource) { self.source = source }

  var name: String { source.name }
  var byteCount: Int { source.byteCount }
  var distance: Distance? { source.distance }

  func read(into buffer: inout [UInt8], count: Int, at offset: Int) throws {
    guard count <= Self.windowSize / 2, offset >= 0, offset <= byteCount - count, count <= buffer.count else {
      return try source.read(into: &buffer, count: count, at: offset)
    }
    try window.withLock { window in
      if offset < window.start || offset + count > window.start + window.count {
        if window.bytes.isEmpty { window.bytes = [UInt8](repeating: 0, count: Self.windowSize) }
        // libzip looks into the middle of a header first.
        let start = max(offset - Self.margin, 0)
        let available = min(Self.windowSize, byteCount - start)
        // A failed read leaves bytes behind that are not those of any place.
        window.count = 0
        try source.read(into: &window.bytes, count: available, at: start)
        (window.start, window.count) = (start, available)
      }
      let start = offset - window.start
      for index in 0..<count { buffer[index] = window.bytes[start + index] }
    }
  }
}
