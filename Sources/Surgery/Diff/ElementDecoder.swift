internal import SutureBytes
internal import SutureNumbers
internal import SutureTensors

/// Reads little-endian elements as numbers of 64 bits, a complex one as two.
struct ElementDecoder {
  private let dtype: DType
  /// How many numbers an element is.
  let width: Int

  /// `nil` for elements that are no numbers by themselves.
  init?(_ dtype: DType) {
    switch dtype {
    case .float4_e2m1fn_x2, .bits16, .bits8, .bits4x2, .bits2x4, .bits1x8, .qint32, .qint8, .quint8:
      return nil
    default: break
    }
    (self.dtype, width) = (dtype, dtype.isComplex ? 2 : 1)
  }

  /// The numbers in `bytes`, which are whole elements.
  func numbers(_ bytes: [UInt8]) -> [Double] {
    switch dtype {
    case .float64, .complex128: return Self.words(bytes, UInt64.self) { Double(bitPattern: $0) }
    case .float32, .complex64: return Self.floats(bytes)
    case .complex32: return widened(bytes, from: .float16)
    case .int64: return Self.words(bytes, Int64.self) { Double($0) }
    case .int32: return Self.words(bytes, Int32.self) { Double($0) }
    case .int16: return Self.words(bytes, Int16.self) { Double($0) }
    case .int8: return Self.words(bytes, Int8.self) { Double($0) }
    case .uint64: return Self.words(bytes, UInt64.self) { Double($0) }
    case .uint32: return Self.words(bytes, UInt32.self) { Double($0) }
    case .uint16: return Self.words(bytes, UInt16.self) { Double($0) }
    case .uint8: return bytes.map { Double($0) }
    case .bool: return bytes.map { $0 == 0 ? 0 : 1 }
    default: return dtype.floatFormat.map { widened(bytes, from: $0) } ?? []
    }
  }

  private func widened(_ bytes: [UInt8], from format: FloatFormat) -> [Double] {
    let count = bytes.count / format.byteCount
    var floats = [UInt8](repeating: 0, count: count * 4)
    _ = FloatCast(from: format, to: .float32).convert(bytes, count: count, into: &floats)
    return Self.floats(floats)
  }

  private static func floats(_ bytes: [UInt8]) -> [Double] {
    words(bytes, UInt32.self) { Double(Float(bitPattern: $0)) }
  }

  private static func words<Word: FixedWidthInteger>(
    _ bytes: [UInt8], _: Word.Type, _ number: (Word) -> Double
  ) -> [Double] {
    let size = Word.bitWidth / 8
    return (0..<(bytes.count / size)).map { index in
      var word: Word = 0
      for byte in 0..<size { word |= Word(truncatingIfNeeded: bytes[index * size + byte]) << Word(8 * byte) }
      return number(word)
    }
  }
}
