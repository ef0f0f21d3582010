internal import SutureTensors

/// NumPy's spelling of a dtype, such as `<f4`: byte order, kind, size in bytes.
struct NumpyDType: Equatable {
  let dtype: DType
  let isBigEndian: Bool

  /// - Parameter code: `f4`, `<f4`, `|b1` or `>i8`.
  /// - Parameter order: the byte order where the code has none.
  init?(_ code: some StringProtocol, order: Character? = nil) {
    var rest = code[...]
    var order = order
    if let first = rest.first, "<>|=".contains(first) {
      order = first
      rest = rest.dropFirst()
    }
    guard let dtype = Self.codes[String(rest)] else { return nil }
    self.dtype = dtype
    isBigEndian = order == ">" && dtype.swapWidth > 1
  }

  private static let codes: [String: DType] = [
    "f8": .float64, "f4": .float32, "f2": .float16, "c16": .complex128, "c8": .complex64,
    "i8": .int64, "i4": .int32, "i2": .int16, "i1": .int8,
    "u8": .uint64, "u4": .uint32, "u2": .uint16, "u1": .uint8, "b1": .bool,
  ]
}
