internal import SutureBytes
internal import SutureNumbers

/// How a computation sees the numbers that it reads.
public enum NumberReading: Sendable {
  case asTheyAre
  /// What is infinite or NaN as 1, which tells what comes of the others.
  case finite

  fileprivate func of(_ numbers: [Double]) -> [Double] {
    switch self {
    case .asTheyAre: numbers
    case .finite: numbers.map { $0.isFinite ? $0 : 1 }
    }
  }
}

/// The elements of a tensor in row-major order, from any place on.
public struct ElementReader: Sendable {
  let tensor: Tensor
  private let start: Int

  /// - Throws: ``TensorError/noElements(_:)`` where the tensor is no plain view of stored elements.
  public init(_ tensor: Tensor) throws {
    try tensor.requirePlain()
    self.tensor = try tensor.rowMajor()
    start = self.tensor.byteExtent.lowerBound
  }

  /// What is read.
  public var storage: Storage { tensor.storage }

  /// Fills the first bytes of `buffer` with the elements of `range`, which lies within the tensor.
  public func read(_ range: Range<Int>, into buffer: inout [UInt8]) throws {
    if range.isEmpty { return }
    let size = tensor.dtype.byteCount
    try tensor.storage.read(
      (start + range.lowerBound * size)..<(start + range.upperBound * size), into: &buffer)
  }

  /// The elements of `range` as doubles.
  ///
  /// - Throws: ``TensorError/notConvertible(_:to:)`` where they are no real floating-point numbers.
  public func doubles(_ range: Range<Int>, _ reading: NumberReading = .asTheyAre) throws -> [Double] {
    if tensor.dtype.floatFormat == nil { throw TensorError.notConvertible(tensor.dtype, to: .float64) }
    return try numbers(range, reading)
  }

  /// The elements of `range` as doubles, of complex elements the real part and the imaginary one.
  ///
  /// - Throws: ``TensorError/notConvertible(_:to:)`` where they are no floating-point numbers.
  public func numbers(_ range: Range<Int>, _ reading: NumberReading = .asTheyAre) throws -> [Double] {
    guard tensor.dtype.floatFormat != nil || tensor.dtype.isComplex, let codec = tensor.dtype.codec else {
      throw TensorError.notConvertible(tensor.dtype, to: .float64)
    }
    return try withBuffer(range.count * tensor.dtype.byteCount) { buffer in
      try read(range, into: &buffer)
      return reading.of(codec.decode(buffer, count: range.count))
    }
  }

  /// All elements as doubles.
  public func doubles(_ reading: NumberReading = .asTheyAre) throws -> [Double] {
    try doubles(0..<tensor.elementCount, reading)
  }
}

extension Tensor {
  /// Throws unless the tensor is a plain view of stored elements that is not many times as large as what is stored.
  ///
  /// A few bytes can claim to be terabytes.
  public func requirePlain() throws(TensorError) {
    guard case .strided = layout else { throw .noElements(layout.name ?? "") }
    if byteCount > Self.maximumExpansion, byteCount / 16 > byteExtent.count {
      throw .expandsTooFar(byteCount: byteCount, stored: byteExtent.count)
    }
  }
}
