internal import CSutureNumbers

/// A floating-point format, under torch's name for it.
public enum FloatFormat: String, Sendable, CaseIterable {
  case float64, float32, float16, bfloat16
  case float8_e4m3fn, float8_e5m2, float8_e4m3fnuz, float8_e5m2fnuz, float8_e8m0fnu

  /// How many bytes one number takes.
  public var byteCount: Int {
    switch self {
    case .float64: 8
    case .float32: 4
    case .float16, .bfloat16: 2
    case .float8_e4m3fn, .float8_e5m2, .float8_e4m3fnuz, .float8_e5m2fnuz, .float8_e8m0fnu: 1
    }
  }

  /// The format as the kernels know it.
  var code: suture_float {
    switch self {
    case .float64: SUTURE_FLOAT64
    case .float32: SUTURE_FLOAT32
    case .float16: SUTURE_FLOAT16
    case .bfloat16: SUTURE_BFLOAT16
    case .float8_e4m3fn: SUTURE_FLOAT8_E4M3FN
    case .float8_e5m2: SUTURE_FLOAT8_E5M2
    case .float8_e4m3fnuz: SUTURE_FLOAT8_E4M3FNUZ
    case .float8_e5m2fnuz: SUTURE_FLOAT8_E5M2FNUZ
    case .float8_e8m0fnu: SUTURE_FLOAT8_E8M0FNU
    }
  }
}
