internal import Glibc

/// Lends a buffer of at least `size` bytes, whose content is whatever was there before.
///
/// Buffers are used again: one as large as a chunk would otherwise be cleared for each of a thousand small tensors.
public func withBuffer<R>(_ size: Int, _ body: (inout [UInt8]) throws -> R) rethrows -> R {
  var buffer = spare.withLock { $0.popLast() } ?? []
  if buffer.count < size { buffer = [UInt8](repeating: 0, count: size) }
  defer {
    if buffer.count <= largestKept { spare.withLock { if $0.count < 8 { $0.append(buffer) } } }
  }
  return try body(&buffer)
}

private let spare = Guarded<[[UInt8]]>([])
private let largestKept = 1 << 20

extension [UInt8] {
  /// Whether the first `count` bytes are those of `other` from `start` on, which has as many.
  ///
  /// The standard library compares arrays byte by byte; this is the C library's, several times as fast.
  package func isSame(as other: [UInt8], from start: Int = 0, count: Int) -> Bool {
    precondition(count >= 0 && count <= self.count && start >= 0 && count <= other.count - start)
    return unsafe withUnsafeBytes { ours in
      unsafe other.withUnsafeBytes { theirs in
        guard count > 0, let ours = ours.baseAddress, let theirs = theirs.baseAddress else { return true }
        return unsafe memcmp(ours, theirs + start, count) == 0
      }
    }
  }
}
