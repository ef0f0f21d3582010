internal import SutureBytes

/// Other views of the same elements; none of these reads or copies anything.
extension Tensor {
  /// The axes in another order, as `Tensor.permute` takes them.
  ///
  /// - Precondition: `order` holds every axis once.
  public func permuted(_ order: [Int]) throws -> Tensor {
    precondition(order.sorted() == Array(shape.indices))
    return try view(shape: order.map { shape[$0] }, strides: order.map { strides[$0] }, offset: offset)
  }

  /// The elements from `range.lowerBound` on along an axis, every `step`-th of them.
  ///
  /// - Precondition: `range` lies within the axis, and `step` is positive.
  public func sliced(_ range: Range<Int>, axis: Int, step: Int = 1) throws -> Tensor {
    precondition(range.lowerBound >= 0 && range.upperBound <= shape[axis] && step > 0)
    var (shape, strides) = (shape, strides)
    shape[axis] = range.isEmpty ? 0 : (range.count - 1) / step + 1
    do {
      // Of an empty view the offset means nothing, and it may lie at the very end.
      let skipped = range.isEmpty ? 0 : try range.lowerBound.multiplied(checked: strides[axis])
      // The stride of an axis of one element is never used, and may overflow.
      strides[axis] = shape[axis] > 1 ? try strides[axis].multiplied(checked: step) : strides[axis]
      return try view(shape: shape, strides: strides, offset: try offset.adding(checked: skipped))
    } catch let error as TensorError { throw error } catch {
      throw TensorError.overflow(shape: shape, strides: strides)
    }
  }

  /// The same elements in the same order under other sizes: a view where there is one, as `Tensor.reshape` gives it.
  ///
  /// Where there is none they are put in order when they are read.
  ///
  /// - Precondition: `sizes` holds as many elements.
  public func reshaped(_ sizes: [Int]) throws -> Tensor {
    if hasElements, let strides = Shape.strides(of: sizes, viewing: shape, strides: strides) {
      return try view(shape: sizes, strides: strides, offset: offset)
    }
    let flat = isContiguous && hasElements ? self : try separated()
    let strides: [Int]
    do { strides = try Shape.contiguousStrides(sizes) } catch {
      throw TensorError.overflow(shape: sizes, strides: [])
    }
    return try flat.view(shape: sizes, strides: strides, offset: flat.offset)
  }

  private func view(shape: [Int], strides: [Int], offset: Int) throws(TensorError) -> Tensor {
    guard case .strided = layout else { throw .noElements(layout.name ?? "") }
    return try Tensor(
      storage, dtype: dtype, shape: shape, strides: strides, offset: offset, lazyBits: lazyBits)
  }
}
