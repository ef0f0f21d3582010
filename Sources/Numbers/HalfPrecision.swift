internal import CSutureNumbers

/// Widens 16-bit floats to `Float`, exactly.
public enum HalfPrecision {
  /// IEEE binary16 as little-endian bytes.
  public static func float16(_ bytes: [UInt8]) -> [Float] { unsafe widen(bytes, suture_float16_to_float32) }

  /// bfloat16, the upper half of a `Float`, as little-endian bytes.
  public static func bfloat16(_ bytes: [UInt8]) -> [Float] { unsafe widen(bytes, suture_bfloat16_to_float32) }

  private static func widen(
    _ bytes: [UInt8], _ kernel: (UnsafePointer<UInt16>?, UnsafeMutablePointer<Float>?, Int) -> Void
  ) -> [Float] {
    let count = bytes.count / 2
    return unsafe [Float](unsafeUninitializedCapacity: count) { floats, initialized in
      unsafe bytes.withUnsafeBytes {
        unsafe kernel($0.bindMemory(to: UInt16.self).baseAddress, floats.baseAddress, count)
      }
      initialized = count
    }
  }
}
