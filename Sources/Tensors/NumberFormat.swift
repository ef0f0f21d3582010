internal import Bytes

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
    return wide.withUnsafeBytes { raw in
      (0..<count).map { index in
        Double(
          bitPattern: UInt64(
            littleEndian: unsafe raw.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)))
      }
    }
  }

  /// Puts `values` at the start of `buffer`, each rounded to the nearest, ties to even.
  ///
  /// - Returns: how many finite ones are too large for the dtype.
  @discardableResult
  public func write(_ values: [Double], into buffer: inout [UInt8]) -> Int {
    var wide = [UInt8](repeating: 0, count: values.count * 8)
    wide.withUnsafeMutableBytes { raw in
      for (index, value) in values.enumerated() {
        unsafe raw.storeBytes(of: value.bitPattern.littleEndian, toByteOffset: index * 8, as: UInt64.self)
      }
    }
    if format == .float64 {
      buffer.replaceSubrange(0..<wide.count, with: wide)
      return 0
    }
    return FloatCast(from: .float64, to: format).convert(wide, count: values.count, into: &buffer)
  }
}
