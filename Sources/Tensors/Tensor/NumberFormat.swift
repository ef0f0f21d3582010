internal import SutureBytes
internal import SutureNumbers

/// Elements of a real floating-point dtype as doubles, and back.
///
/// To a narrower dtype than float32 a double goes through float32, as torch's `.to()` takes it.
public struct NumberFormat: Sendable {
  public let dtype: DType
  private let format: FloatFormat

  /// `nil` where the elements are no real floating-point numbers.
  public init?(_ dtype: DType) {
    guard let format = dtype.floatFormat else { return nil }
    (self.dtype, self.format) = (dtype, format)
  }

  /// The first `count` elements of `bytes`; every one of them is a double exactly.
  public func doubles(_ bytes: [UInt8], count: Int) -> [Double] {
    var wide = bytes
    if format != .float64 {
      wide = [UInt8](repeating: 0, count: count * 8)
      _ = FloatCast(from: format, to: .float64).convert(bytes, count: count, into: &wide)
    }
    return unsafe [Double](unsafeUninitializedCapacity: count) { numbers, initialized in
      unsafe UnsafeMutableRawBufferPointer(numbers).copyBytes(from: wide.prefix(count * 8))
      initialized = count
    }
  }

  /// Puts `values` at the start of `buffer`, each rounded to the nearest, ties to even.
  ///
  /// - Returns: how many finite ones are too large for the dtype.
  @discardableResult
  public func write(_ values: [Double], into buffer: inout [UInt8]) -> Int {
    let wide = values.withUnsafeBytes { unsafe [UInt8]($0) }
    if format == .float64 {
      buffer.replaceSubrange(0..<wide.count, with: wide)
      return 0
    }
    return FloatCast(from: .float64, to: format).convert(wide, count: values.count, into: &buffer)
  }
}
