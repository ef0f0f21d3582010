internal import SutureBytes
internal import SutureNumbers

extension Tensor {
  /// A row-major tensor whose numbers are computed, a few rows at a time, when they are asked for.
  ///
  /// - Parameters:
  ///   - rowLength: how many elements a row has; rows divide the elements evenly.
  ///   - rows: gives the numbers of some rows, counted from the first; of complex elements the real part and the
  ///     imaginary one.
  public init(
    dtype: DType, shape: [Int], rowLength: Int, label: String, from sources: [Storage],
    _ rows: @escaping @Sendable (Range<Int>) throws -> [Double]
  ) throws {
    guard dtype.floatFormat != nil || dtype.isComplex, let codec = dtype.codec else {
      throw TensorError.notConvertible(dtype, to: .float64)
    }
    let count: Int
    do { count = try Shape.elementCount(shape).multiplied(checked: dtype.byteCount) } catch {
      throw TensorError.overflow(shape: shape, strides: [])
    }
    let unit = max(rowLength, 1) * dtype.byteCount
    let contents = ComputedContents(byteCount: count, unit: unit, from: sources) { range, buffer in
      codec.encode(try rows((range.lowerBound / unit)..<(range.upperBound / unit)), into: &buffer)
    }
    try self.init(Storage(contents, label: label), dtype: dtype, shape: shape)
  }
}
