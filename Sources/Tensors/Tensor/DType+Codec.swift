public import SutureNumbers

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
}
