public import SutureNumbers

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

extension DType {
  /// The format of the elements where they are real floating-point numbers of a byte or more, otherwise nil.
  public var floatFormat: FloatFormat? { FloatFormat(rawValue: rawValue) }

  /// How the elements are read as numbers and written; `nil` where they are none by themselves.
  ///
  /// The integers of quantized dtypes are numbers too: which they stand for is another matter.
  public var codec: ElementCodec? {
    if let floatFormat { return ElementCodec(.float(floatFormat)) }
    return switch self {
    case .complex128: ElementCodec(.float(.float64), width: 2)
    case .complex64: ElementCodec(.float(.float32), width: 2)
    case .complex32: ElementCodec(.float(.float16), width: 2)
    case .int64, .int32, .int16, .int8, .qint32, .qint8: ElementCodec(.signed(byteCount: byteCount))
    case .uint64, .uint32, .uint16, .uint8, .quint8: ElementCodec(.unsigned(byteCount: byteCount))
    case .bool: ElementCodec(.bool)
    default: nil
    }
  }

  /// The dtype that a word of a command or a recipe means: torch's name, with `torch.` or without, or a short one.
  ///
  /// The short names are torch's `half` and `float`, and `fp16`, `bf16`, `fp32`, as people write them.
  public init?(word: String) {
    let bare = word.hasPrefix("torch.") ? String(word.dropFirst("torch.".count)) : word
    self.init(rawValue: Self.short[bare] ?? bare)
  }

  private static let short = [
    "half": "float16", "fp16": "float16", "bf16": "bfloat16", "float": "float32", "fp32": "float32",
  ]

  /// Whether weights can be cast to it.
  ///
  /// torch casts to float8_e8m0fnu too, but that has neither a sign nor a zero: it is for scales, not for weights.
  public var isCastTarget: Bool { floatFormat != nil && self != .float8_e8m0fnu }

  /// What weights can be cast to.
  public static let castTargets = allCases.filter(\.isCastTarget)
}
