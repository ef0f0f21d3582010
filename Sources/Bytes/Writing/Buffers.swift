internal import Glibc

/// Lends a buffer of at least `size` bytes, whose content is whatever was there before.
///
/// Buffers are used again: one as large as a chunk would otherwise be cleared for each of a thousand small tensors.
public func withBuffer<R>(_ size: Int, _ body: (inout [UInt8]) throws -> R) rethrows -> R {
  var buffer = spare.withLock { $0.popLast() } ?? []
  if buffer.count < size { buffer = newBuffer(max(size, usualSize)) }
  defer {
    if buffer.count <= largestKept { spare.withLock { if $0.count < 8 { $0.append(buffer) } } }
  }
  return try body(&buffer)
}

private let spare = Guarded<[[UInt8]]>([])
private let largestKept = 1 << 20
/// As many bytes as storages are read at a time: a buffer for a small one is soon wanted for a large one.
private let usualSize = 1 << 18

/// A buffer whose content is whatever was there before.
///
/// It begins with a line of the processor's cache, if the allocator gives one: into such a one the system copies a fifth faster.
package func newBuffer(_ size: Int) -> [UInt8] {
  let line = 64
  // What the allocator puts before each makes the next begin at another place within its line; nothing is touched yet.
  let count = (size + line - 1) / line * line
  var missed: [[UInt8]] = []
  while true {
    let buffer = unsafe [UInt8](unsafeUninitializedCapacity: count) { $1 = count }
    let isAligned =
      unsafe buffer.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) } % UInt(line) == 0
    if isAligned || missed.count == 3 { return buffer }
    missed.append(buffer)
  }
}

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
