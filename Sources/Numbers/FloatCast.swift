internal import CSutureNumbers

/// Converts numbers of one floating-point format to another, as torch's `.to()` does on the CPU.
///
/// Every conversion goes through float32 and rounds to nearest even there and at the end, as torch does: from
/// float64 a narrower number may be one step from the nearest. A NaN stays one. As a target `float8_e4m3fn`
/// saturates: what is too large, even infinite, becomes 448; and `float8_e8m0fnu`, which holds powers of two
/// alone, drops the sign and makes 2^-127 of 0. `casts.c` says what torch was found to do.
public struct FloatCast: Sendable {
  private let from: FloatFormat
  private let to: FloatFormat

  public init(from: FloatFormat, to: FloatFormat) {
    self.from = from
    self.to = to
  }

  /// Converts the first `count` elements of `source` (little-endian) into the first elements of `target`.
  ///
  /// What is behind them in `target` stays. Both must have room for `count` elements.
  /// - Returns: how many finite numbers overflowed: became infinite, NaN where the target has no infinity, or
  ///   the largest number where it saturates.
  public func convert(_ source: [UInt8], count: Int, into target: inout [UInt8]) -> Int {
    precondition(count >= 0 && count <= source.count / from.byteCount, "the source has fewer elements")
    precondition(count <= target.count / to.byteCount, "the target has no room for the elements")
    return unsafe source.withUnsafeBytes { numbers in
      unsafe target.withUnsafeMutableBytes { results in
        unsafe suture_cast_floats(from.code, numbers.baseAddress, to.code, results.baseAddress, count)
      }
    }
  }
}
