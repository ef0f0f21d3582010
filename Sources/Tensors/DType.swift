/// The type of a tensor's elements, under torch's name for it.
public enum DType: String, Sendable, CaseIterable, CustomStringConvertible {
  case float64, float32, float16, bfloat16
  case complex128, complex64, complex32
  case int64, int32, int16, int8
  case uint64, uint32, uint16, uint8
  case bool
  case float8_e4m3fn, float8_e5m2, float8_e4m3fnuz, float8_e5m2fnuz, float8_e8m0fnu

  /// How many bytes one element takes.
  public var byteCount: Int {
    switch self {
    case .complex128: 16
    case .float64, .complex64, .int64, .uint64: 8
    case .float32, .complex32, .int32, .uint32: 4
    case .float16, .bfloat16, .int16, .uint16: 2
    case .int8, .uint8, .bool, .float8_e4m3fn, .float8_e5m2, .float8_e4m3fnuz, .float8_e5m2fnuz,
      .float8_e8m0fnu:
      1
    }
  }

  public var description: String { rawValue }
}
