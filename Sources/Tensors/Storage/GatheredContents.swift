internal import SutureBytes

/// The elements of a view one after another in row-major order, whatever order they are stored in.
///
/// In order they are streamed. For one who jumps about they are put together once, and kept until others need the room:
/// as many tensors as there may be threads.
struct GatheredContents: StorageContents {
  private final class Identity: Sendable {}

  private let tensor: Tensor
  private let identity = Identity()

  init(_ tensor: Tensor) { self.tensor = tensor }

  var byteCount: Int { tensor.byteCount }

  var isVerified: Bool { tensor.storage.isVerified }

  func forEachChunk(_ body: (_ buffer: [UInt8], _ count: Int) throws -> Void) throws -> UInt32? {
    try tensor.forEachChunk(body)
    return nil
  }

  func read(_ range: Range<Int>, into buffer: inout [UInt8]) throws {
    if range.isEmpty { return }
    let bytes = try Self.kept(identity) ?? gather()
    buffer.replaceSubrange(0..<range.count, with: bytes[range])
  }

  private func gather() throws -> [UInt8] {
    let bytes = try tensor.contiguousBytes()
    let (identity, most) = (identity, processorCount)
    Self.cache.withLock { cache in
      cache.append((identity, bytes))
      if cache.count > most { cache.removeFirst(cache.count - most) }
    }
    return bytes
  }

  private static func kept(_ identity: Identity) -> [UInt8]? {
    cache.withLock { cache in
      guard let place = cache.firstIndex(where: { $0.identity === identity }) else { return nil }
      let found = cache.remove(at: place)
      cache.append(found)
      return found.bytes
    }
  }

  /// The latest last.
  private static let cache = Guarded<[(identity: Identity, bytes: [UInt8])]>([])
}

extension Tensor {
  /// The same elements on a storage of their own, one after another in row-major order.
  ///
  /// Nothing is read until they are asked for.
  public func separated() throws -> Tensor {
    try requirePlain()
    return try Tensor(
      Storage(GatheredContents(self), label: storage.label), dtype: dtype, shape: shape)
  }

  /// A tensor of the same elements that lie one after another in row-major order: itself where they do.
  func rowMajor() throws -> Tensor {
    isContiguous && lazyBits.isEmpty && hasElements ? self : try separated()
  }
}
