/// The type of a tensor's elements, under torch's name for it.
public enum DType: String, Sendable, CaseIterable, CustomStringConvertible {
  case float64, float32, float16, bfloat16
  case complex128, complex64, complex32
  case int64, int32, int16, int8
  case uint64, uint32, uint16, uint8
  case bool
  case float8_e4m3fn, float8_e5m2, float8_e4m3fnuz, float8_e5m2fnuz, float8_e8m0fnu
  /// Two 4-bit floats to an element.
  case float4_e2m1fn_x2
  /// Four 6-bit floats to an element, under the names of safetensors: torch has none for them.
  case f6_e2m3 = "F6_E2M3"
  case f6_e3m2 = "F6_E3M2"
  /// Elements without a meaning; `bits4x2` holds two values of 4 bits.
  case bits16, bits8, bits4x2, bits2x4, bits1x8
  /// The integers of a quantized tensor, which mean nothing without its scale and zero point.
  case qint32, qint8, quint8

  /// How many bytes one element takes.
  public var byteCount: Int {
    switch self {
    case .complex128: 16
    case .float64, .complex64, .int64, .uint64: 8
    case .float32, .complex32, .int32, .uint32, .qint32: 4
    case .float16, .bfloat16, .int16, .uint16, .bits16: 2
    case .f6_e2m3, .f6_e3m2: 3
    case .int8, .uint8, .bool, .float8_e4m3fn, .float8_e5m2, .float8_e4m3fnuz, .float8_e5m2fnuz,
      .float8_e8m0fnu, .float4_e2m1fn_x2, .bits8, .bits4x2, .bits2x4, .bits1x8, .qint8, .quint8:
      1
    }
  }

  /// How many numbers share an element, and of how many bits each is, where that is more than one.
  public var packing: (numbers: Int, bits: Int)? {
    switch self {
    case .float4_e2m1fn_x2, .bits4x2: (2, 4)
    case .f6_e2m3, .f6_e3m2: (4, 6)
    case .bits2x4: (4, 2)
    case .bits1x8: (8, 1)
    default: nil
    }
  }

  /// How many bytes of an element swap places where the byte order changes: a complex number is two.
  public var swapWidth: Int {
    switch self {
    case .complex128, .complex64, .complex32: byteCount / 2
    default: byteCount
    }
  }

  public var isComplex: Bool { self == .complex128 || self == .complex64 || self == .complex32 }

  public var isQuantized: Bool { self == .qint32 || self == .qint8 || self == .quint8 }

  public var description: String { rawValue }
}
