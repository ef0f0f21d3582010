internal import CSutureNumbers

/// Numbers as digits, the exact value rounded to the nearest, ties to even, as C's and Python's formats do it.
public enum Decimals {
  /// Python's `f"{value:.4f}"` for 4 places.
  public static func fixed(_ value: Double, places: Int) -> String {
    unsafe text { unsafe suture_write_fixed(value, CInt(clamping: places), $0, $1) }
  }

  /// Python's `f"{value:.4e}"` for 4 places.
  public static func scientific(_ value: Double, places: Int) -> String {
    unsafe text { unsafe suture_write_scientific(value, CInt(clamping: places), $0, $1) }
  }

  private static func text(_ write: (UnsafeMutablePointer<CChar>?, Int) -> CInt) -> String {
    // The largest double has 309 digits before the point.
    var buffer = [CChar](repeating: 0, count: 512)
    let count = min(Int(unsafe write(&buffer, buffer.count)), buffer.count - 1)
    return String(decoding: buffer.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
