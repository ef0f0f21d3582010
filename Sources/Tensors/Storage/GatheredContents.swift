internal import SutureBytes
internal import SutureNumbers

/// The elements of a view one after another in row-major order, whatever order they are stored in.
///
/// In order they are streamed. For one who jumps about they are put together once, and kept until others need the room:
/// as many tensors as there may be threads. Of a view that repeats its bytes those are kept, which are fewer.
struct GatheredContents: StorageContents {
  private final class Identity: Sendable {}

  private let tensor: Tensor
  private let identity = Identity()

  init(_ tensor: Tensor) { self.tensor = tensor }

  var byteCount: Int { tensor.byteCount }

  var isVerified: Bool { tensor.storage.isVerified }

  var givesParts: Bool { tensor.storage.givesParts }

  func verifyWhileReading() { tensor.storage.verifyWhileReading() }

  func verify() throws { try tensor.storage.verify() }

  func extents(_ range: Range<Int>) -> [FileExtent] { tensor.extents(0..<tensor.byteCount) }

  func losses(_ counts: inout LossCounts) -> [LossCount] { counts.of(tensor.storage) }

  func forEachChunk(_ body: (_ buffer: [UInt8], _ count: Int) throws -> Void) throws -> UInt32? {
    try tensor.forEachChunk(body)
    return nil
  }

  func read(_ range: Range<Int>, into buffer: inout [UInt8]) throws {
    if range.isEmpty { return }
    let bytes = try Self.kept(identity) ?? keep(repeats ? viewedBytes() : tensor.contiguousBytes())
    guard repeats else {
      buffer.replaceSubrange(0..<range.count, with: bytes[range])
      return
    }
    let size = tensor.dtype.byteCount
    let elements = (range.lowerBound / size)..<((range.upperBound - 1) / size + 1)
    withBuffer(elements.count * size) { whole in
      pick(elements, from: bytes, into: &whole)
      tensor.lazyBits.apply(to: &whole, count: elements.count * size, dtype: tensor.dtype)
      let first = range.lowerBound - elements.lowerBound * size
      buffer.replaceSubrange(0..<range.count, with: whole[first..<(first + range.count)])
    }
  }

  /// Whether it is much larger than what it views.
  private var repeats: Bool {
    tensor.byteCount > Self.largest && tensor.byteCount / 4 > tensor.byteExtent.count
  }

  private static let largest = 1 << 22

  private func viewedBytes() throws -> [UInt8] {
    let extent = tensor.byteExtent
    var bytes = [UInt8](repeating: 0, count: extent.count)
    try tensor.storage.read(extent, into: &bytes)
    return bytes
  }

  /// Puts some elements one after another, a line of the last axis at a time.
  private func pick(_ elements: Range<Int>, from bytes: [UInt8], into buffer: inout [UInt8]) {
    guard let line = tensor.shape.last, let step = tensor.strides.last else { return }
    var element = elements.lowerBound
    while element < elements.upperBound {
      var (outer, index) = element.quotientAndRemainder(dividingBy: line)
      let count = min(line - index, elements.upperBound - element)
      index *= step
      for axis in tensor.shape.indices.dropLast().reversed() {
        index += outer % tensor.shape[axis] * tensor.strides[axis]
        outer /= tensor.shape[axis]
      }
      StridedCopy.copy(
        count, size: tensor.dtype.byteCount, from: bytes, at: index, step: step, to: &buffer,
        at: element - elements.lowerBound, step: 1)
      element += count
    }
  }

  private func keep(_ bytes: [UInt8]) -> [UInt8] {
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
