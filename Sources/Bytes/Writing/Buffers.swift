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
