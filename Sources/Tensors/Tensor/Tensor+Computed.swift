internal import SutureBytes
internal import SutureNumbers

extension Tensor {
  /// A row-major tensor whose numbers are computed, a few rows at a time, when they are asked for.
  ///
  /// - Parameters:
  ///   - rowLength: how many elements a row has; rows divide the elements evenly.
  ///   - rows: gives the numbers of some rows, counted from the first; of complex elements the real part and the
  ///     imaginary one. They are read as it is told: those that come out infinite or NaN are asked for once more, with all
  ///     that they are made of finite, and count as ``StateDict/overflows`` where they do so again.
  public init(
    dtype: DType, shape: [Int], rowLength: Int, label: String, from sources: [Storage],
    _ rows: @escaping @Sendable (Range<Int>, NumberReading) throws -> [Double]
  ) throws {
    guard dtype.floatFormat != nil || dtype.isComplex, let codec = dtype.codec else {
      throw TensorError.notConvertible(dtype, to: .float64)
    }
    let count: Int
    do { count = try Shape.elementCount(shape).multiplied(checked: dtype.byteCount) } catch {
      throw TensorError.overflow(shape: shape, strides: [])
    }
    let unit = max(rowLength, 1) * dtype.byteCount
    let loss = LossCount(dtype, isComputed: true)
    let contents = ComputedContents(byteCount: count, unit: unit, from: sources, counting: loss) {
      range, buffer in
      let wanted = (range.lowerBound / unit)..<(range.upperBound / unit)
      let numbers = try rows(wanted, .asTheyAre)
      let areFinite = numbers.areFinite
      if codec.encode(numbers, into: &buffer) == 0, areFinite { return [] }
      let lost = try codec.lost(of: numbers, finite: areFinite ? numbers : rows(wanted, .finite))
      return lost.map { range.lowerBound / codec.number.byteCount + $0 }
    }
    try self.init(Storage(contents, label: label), dtype: dtype, shape: shape)
  }
}

extension [Double] {
  /// Without a way out of the loop, which is quick.
  fileprivate var areFinite: Bool {
    let infinity = Double.infinity.bitPattern
    var largest: UInt64 = 0
    for number in self { largest = Swift.max(largest, number.bitPattern & infinity) }
    return largest < infinity
  }
}

extension ElementCodec {
  /// Which numbers are finite and too large for an element, or not finite though they would be made of finite ones alone.
  fileprivate func lost(of numbers: [Double], finite: [Double]) -> [Int] {
    var element = [UInt8](repeating: 0, count: number.byteCount)
    return numbers.indices.filter { index in
      numbers[index].isFinite ? encode([numbers[index]], into: &element) > 0 : !finite[index].isFinite
    }
  }
}
