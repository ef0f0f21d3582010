internal import SutureBytes
internal import SutureTensors

/// The SHA-256 of tensors' elements, each view hashed once however many names it has.
struct ContentHashes {
  struct Content: Hashable {
    let dtype: DType
    let hash: String
    /// Whether all elements are the same, as those of norms are before training: then the content says little.
    let isConstant: Bool
  }

  private var contents: [ViewIdentity: Content] = [:]

  /// - Parameter progress: is told how many bytes were read.
  init(_ tensors: [Tensor], workers: Int, progress: @escaping @Sendable (Int) -> Void) throws {
    var views: [ViewIdentity: Tensor] = [:]
    for tensor in tensors { views[ViewIdentity(tensor)] = tensor }
    let work = Array(views)
    let found = Guarded<[ViewIdentity: Content]>([:])
    try concurrently(work.count, workers: workers) { index in
      let content = try Self.content(work[index].value)
      progress(work[index].value.byteCount)
      found.withLock { $0[work[index].key] = content }
    }
    contents = found.withLock { $0 }
  }

  subscript(tensor: Tensor) -> Content? { contents[ViewIdentity(tensor)] }

  private static func content(_ tensor: Tensor) throws -> Content {
    let size = tensor.dtype.byteCount
    var digest = SHA256()
    var first: [UInt8] = []
    var isConstant = true
    try tensor.forEachChunk { buffer, count in
      digest.update(buffer, count: count)
      if !isConstant { return }
      if first.isEmpty { first = Array(buffer[..<size]) }
      let bytes = buffer[..<count]
      isConstant = bytes.starts(with: first) && zip(bytes, bytes.dropFirst(size)).allSatisfy { $0 == $1 }
    }
    return Content(dtype: tensor.dtype, hash: digest.hexadecimal(), isConstant: isConstant)
  }
}
