internal import SutureTensors

extension DType {
  /// The little-endian bytes of an element of that value; `nil` where the dtype has no such number.
  func bytes(of value: Double) -> [UInt8]? {
    if let format = NumberFormat(self) {
      var bytes = [UInt8](repeating: 0, count: byteCount)
      return format.write([value], into: &bytes) == 0 ? bytes : nil
    }
    func integer<Number: FixedWidthInteger>(_ type: Number.Type) -> [UInt8]? {
      guard let number = Number(exactly: value) else { return nil }
      return (0..<byteCount).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }
    switch self {
    case .int64: return integer(Int64.self)
    case .int32: return integer(Int32.self)
    case .int16: return integer(Int16.self)
    case .int8: return integer(Int8.self)
    case .uint64: return integer(UInt64.self)
    case .uint32: return integer(UInt32.self)
    case .uint16: return integer(UInt16.self)
    case .uint8: return integer(UInt8.self)
    case .bool: return value == 0 ? [0] : value == 1 ? [1] : nil
    default: return nil
    }
  }
}
