internal import SutureBytes
internal import SutureNumbers
internal import SutureTensors

extension Tensor {
  /// About how many bytes of each of two tensors are held at a time.
  private static var pieceSize: Int { 1 << 20 }

  /// How the elements differ from those of `other`, which has the same shape, read piece by piece.
  func difference(from other: Tensor, tolerance: Tolerance?) throws -> ValueDifference {
    guard hasElements, other.hasElements, !isQuantized, !other.isQuantized else {
      return try partsDifference(from: other, tolerance)
    }
    let repeated = shape.indices.filter { strides[$0] == 0 && other.strides[$0] == 0 && shape[$0] > 1 }
    if !repeated.isEmpty {
      // What both repeat is compared once; a few bytes can claim terabytes.
      return try once(along: repeated).difference(from: other.once(along: repeated), tolerance: tolerance)
    }
    for tensor in [self, other] where !tensor.isReadable {
      throw TensorError.expandsTooFar(byteCount: tensor.byteCount, stored: tensor.byteExtent.count)
    }
    let pieces = TensorPieces(
      shape, limit: Swift.max(1, Self.pieceSize / Swift.max(dtype.byteCount, other.dtype.byteCount)))
    if dtype == other.dtype, try isSame(as: other, in: pieces) {
      return try sameBits(tolerance)
    }
    guard !dtype.isQuantized, !other.dtype.isQuantized, let codec = dtype.codec,
      let otherCodec = other.dtype.codec
    else {
      return Self.incomparable(elementCount, tolerance)
    }
    var comparison = ElementComparison(tolerance)
    var casts = dtype == other.dtype ? nil : CastComparison(codec, otherCodec)
    for piece in pieces {
      let (bytes, otherBytes) = (try bytes(piece), try other.bytes(piece))
      let (first, second) = (codec.decode(bytes), otherCodec.decode(otherBytes))
      casts?.add(bytes, first, otherBytes, second)
      if codec.width == 1, otherCodec.width == 1 {
        comparison.add(first, second, at: piece.first)
      } else {
        comparison.add(
          complex: codec.width == 2 ? first : Self.withImaginary(first),
          otherCodec.width == 2 ? second : Self.withImaginary(second), at: piece.first)
      }
    }
    var result = comparison.finish()
    result.maximumIndex = comparison.maximumPlace.map(index(ofPlace:))
    result.isEqualAfterCast = dtype != other.dtype && (result.differing == 0 || casts?.isCast == true)
    return result
  }

  /// Without the repetition along `axes`, where the strides are 0.
  private func once(along axes: [Int]) throws -> Tensor {
    var sizes = shape
    for axis in axes { sizes[axis] = 1 }
    return try Tensor(
      storage, dtype: dtype, shape: sizes, strides: strides, offset: offset, lazyBits: lazyBits)
  }

  private var isQuantized: Bool { if case .quantized = layout { true } else { false } }

  /// Whether the elements have the same bits, for a tensor of the same dtype and shape.
  private func isSame(as other: Tensor, in pieces: TensorPieces) throws -> Bool {
    try pieces.allSatisfy {
      let ours = try bytes($0)
      return ours.isSame(as: try other.bytes($0), count: ours.count)
    }
  }

  /// The same bits are close, but for the NaNs among them: `torch.allclose` calls those different.
  private func sameBits(_ tolerance: Tolerance?) throws -> ValueDifference {
    var result = ValueDifference()
    (result.isBitEqual, result.elementCount) = (true, elementCount)
    guard let tolerance else { return result }
    result.nanInBoth = try nonFinite().nanCount
    result.notClose = tolerance.equalNaN ? 0 : result.nanInBoth
    return result
  }

  /// Sparse, quantized and meta tensors: the same, or not.
  private func partsDifference(from other: Tensor, _ tolerance: Tolerance?) throws -> ValueDifference {
    var result = Self.incomparable(elementCount, tolerance)
    guard dtype == other.dtype, layout.name == other.layout.name, views.count == other.views.count,
      layout.isSame(as: other.layout)
    else { return result }
    for (one, another) in zip(views, other.views) {
      guard one.dtype == another.dtype, one.shape == another.shape else { return result }
      let pieces = TensorPieces(one.shape, limit: Swift.max(1, Self.pieceSize / one.dtype.byteCount))
      guard try one.isSame(as: another, in: pieces) else { return result }
    }
    (result.isBitEqual, result.differing) = (true, 0)
    if tolerance != nil { result.notClose = 0 }
    return result
  }

  private static func incomparable(_ count: Int, _ tolerance: Tolerance?) -> ValueDifference {
    var result = ValueDifference()
    (result.isNumeric, result.elementCount) = (false, count)
    if tolerance != nil { result.notClose = count }
    return result
  }

  private static func withImaginary(_ reals: [Double]) -> [Double] { reals.flatMap { [$0, 0] } }
}

extension Tensor {
  /// Whether it has elements, and does not claim far more of them than are stored.
  var isReadable: Bool {
    hasElements && (byteCount <= 1 << 32 || byteCount / 16 <= byteExtent.count)
  }
}

extension TensorLayout {
  /// Whether what the layout says beside its tensors is the same.
  fileprivate func isSame(as other: TensorLayout) -> Bool {
    switch (self, other) {
    case (.strided, .strided), (.meta, .meta): true
    case (.quantized(.perTensor(let scale, let zero)), .quantized(.perTensor(let otherScale, let otherZero))):
      scale == otherScale && zero == otherZero
    case (
      .quantized(.perChannel(_, _, let axis, let isFloat)),
      .quantized(.perChannel(_, _, let otherAxis, let otherIsFloat))
    ): axis == otherAxis && isFloat == otherIsFloat
    case (.sparse(let parts), .sparse(let others)): parts.format == others.format
    default: false
    }
  }
}

/// A shape cut into pieces that are small, and whose elements follow one another in row-major order.
///
/// So two tensors are read side by side in memory that does not depend on their size, however they lie in their files.
struct TensorPieces: Sequence, IteratorProtocol {
  struct Piece {
    let start: [Int]
    let counts: [Int]
    /// The place of its first element in row-major order.
    let first: Int
  }

  private let shape: [Int]
  /// The axes from `axis + 1` on are taken whole, those before it one index at a time.
  private let axis: Int
  private let step: Int
  private var start: [Int]
  private var first = 0
  private var isDone: Bool

  /// - Parameter limit: about how many elements a piece may have; an axis of 1 is never cut.
  init(_ shape: [Int], limit: Int) {
    self.shape = shape
    start = [Int](repeating: 0, count: shape.count)
    // The shape is that of a tensor, whose element count is known not to overflow.
    isDone = shape.contains(0)
    var inner = isDone ? 0 : shape.dropFirst().reduce(1, *)
    var axis = 0
    while axis < shape.count - 1, inner > limit {
      axis += 1
      inner /= shape[axis]
    }
    self.axis = axis
    step = shape.isEmpty || isDone ? 1 : Swift.max(1, Swift.min(shape[axis], limit / Swift.max(inner, 1)))
  }

  mutating func next() -> Piece? {
    if isDone { return nil }
    if shape.isEmpty {
      isDone = true
      return Piece(start: [], counts: [], first: 0)
    }
    var counts = shape
    for outer in 0..<axis { counts[outer] = 1 }
    counts[axis] = Swift.min(step, shape[axis] - start[axis])
    let piece = Piece(start: start, counts: counts, first: first)
    first += counts.reduce(1, *)
    start[axis] += step
    var carry = axis
    while start[carry] >= shape[carry] {
      if carry == 0 {
        isDone = true
        break
      }
      start[carry] = 0
      carry -= 1
      start[carry] += 1
    }
    return piece
  }
}

extension Tensor {
  /// The elements of a piece of the shape, side by side.
  func bytes(_ piece: TensorPieces.Piece) throws -> [UInt8] {
    // Within the extent that the tensor's own initializer has proven.
    let place = zip(piece.start, strides).reduce(offset) { $0 + $1.0 * $1.1 }
    return try Tensor(
      storage, dtype: dtype, shape: piece.counts, strides: strides, offset: place, lazyBits: lazyBits
    ).contiguousBytes()
  }
}
