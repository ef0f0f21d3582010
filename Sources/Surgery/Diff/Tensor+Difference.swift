internal import SutureNumbers
internal import SutureTensors

extension Tensor {
  /// About how many bytes of each of two tensors are held at a time.
  private static var pieceSize: Int { 1 << 20 }

  /// How the elements differ from those of `other`, which has the same shape, read piece by piece.
  ///
  /// - Throws: what reading throws.
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
    if dtype == other.dtype, try pieces.allSatisfy({ try bytes($0) == other.bytes($0) }) {
      return try sameBits(tolerance)
    }
    guard !dtype.isQuantized, !other.dtype.isQuantized, let codec = dtype.codec,
      let otherCodec = other.dtype.codec
    else {
      return Self.incomparable(elementCount, tolerance)
    }
    var comparison = ElementComparison(tolerance)
    for piece in pieces {
      let first = codec.decode(try bytes(piece))
      let second = otherCodec.decode(try other.bytes(piece))
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
      guard try pieces.allSatisfy({ try one.bytes($0) == another.bytes($0) }) else { return result }
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

  /// The index along each axis of the element that row-major order puts at `place`.
  private func index(ofPlace place: Int) -> [Int] {
    var rest = place
    var index = [Int](repeating: 0, count: shape.count)
    for axis in shape.indices.reversed() {
      index[axis] = rest % shape[axis]
      rest /= shape[axis]
    }
    return index
  }
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
