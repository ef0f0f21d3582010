import SutureBytes
import Synchronization

/// A file in memory.
struct MemoryBytes: ByteSource {
  private let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var name: String { "memory" }
  var byteCount: Int { bytes.count }

  func read(into buffer: inout [UInt8], count: Int, at offset: Int) throws {
    buffer.replaceSubrange(0..<count, with: bytes[offset..<(offset + count)])
  }
}

/// A file whose bytes are made on the way, and that remembers how many were wanted at once.
final class CountingSource: ByteSource {
  let name = "made"
  let byteCount: Int
  private let byte: @Sendable (Int) -> UInt8
  private let most = Atomic(0)

  init(_ byteCount: Int, _ byte: @escaping @Sendable (Int) -> UInt8) {
    (self.byteCount, self.byte) = (byteCount, byte)
  }

  var largestRead: Int { most.load(ordering: .relaxed) }

  func read(into buffer: inout [UInt8], count: Int, at offset: Int) throws {
    most.max(count, ordering: .relaxed)
    for index in 0..<count { buffer[index] = byte(offset + index) }
  }
}
