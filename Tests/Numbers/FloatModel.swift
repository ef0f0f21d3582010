import SutureNumbers
import SutureBytes

/// What a format's bits mean and how a number is rounded to it, in plain arithmetic on `Double`, which holds every
/// value of the formats and of their halfway points exactly.
///
/// `float8_e8m0fnu`, which has neither sign nor fraction, has its own functions.
struct FloatModel {
  let format: FloatFormat
  let exponentBits: Int
  let fractionBits: Int
  let bias: Int
  /// The bits behind those of the largest number: infinity, or a NaN.
  let end: UInt64

  init(_ format: FloatFormat) {
    self.format = format
    switch format {
    case .float64: (exponentBits, fractionBits, bias, end) = (11, 52, 1023, 0x7FF0_0000_0000_0000)
    case .float32: (exponentBits, fractionBits, bias, end) = (8, 23, 127, 0x7F80_0000)
    case .float16: (exponentBits, fractionBits, bias, end) = (5, 10, 15, 0x7C00)
    case .bfloat16: (exponentBits, fractionBits, bias, end) = (8, 7, 127, 0x7F80)
    case .float8_e4m3fn: (exponentBits, fractionBits, bias, end) = (4, 3, 7, 0x7F)
    case .float8_e5m2: (exponentBits, fractionBits, bias, end) = (5, 2, 15, 0x7C)
    case .float8_e4m3fnuz: (exponentBits, fractionBits, bias, end) = (4, 3, 8, 0x80)
    case .float8_e5m2fnuz: (exponentBits, fractionBits, bias, end) = (5, 2, 16, 0x80)
    case .float8_e8m0fnu: (exponentBits, fractionBits, bias, end) = (8, 0, 127, 0xFF)
    }
  }

  private var sign: UInt64 { 1 << UInt64(format.byteCount * 8 - 1) }
  private var isUnsignedZero: Bool { format == .float8_e4m3fnuz || format == .float8_e5m2fnuz }
  private var hasInfinity: Bool { ![.float8_e4m3fn, .float8_e8m0fnu].contains(format) && !isUnsignedZero }

  /// The number that bits stand for.
  func value(_ bits: UInt64) -> Double {
    if format == .float8_e8m0fnu { return bits == 0xFF ? .nan : power(Int(bits) - 127) }
    if isUnsignedZero && bits == 0x80 { return .nan }
    let magnitude = bits & (sign - 1)
    let value: Double
    if magnitude >= end {
      value = hasInfinity && magnitude == end ? .infinity : .nan
    } else {
      let (exponent, fraction) = (
        Int(magnitude >> UInt64(fractionBits)), magnitude % (1 << UInt64(fractionBits))
      )
      let significand = Double(fraction) + (exponent == 0 ? 0 : power(fractionBits))
      value = significand * power(-fractionBits) * power(max(exponent, 1) - bias)
    }
    return bits & sign == 0 ? value : -value
  }

  /// The bits of the number nearest to `number`, even ones where two are, and whether it was too large for any.
  func bits(_ number: Double) -> (bits: UInt64, overflows: Bool) {
    if format == .float8_e8m0fnu { return exponent(number) }
    let smallest = 1 - bias
    let magnitude = number.magnitude
    let exponent =
      magnitude == 0 ? smallest : max(magnitude.isFinite ? Int(magnitude.exponent) : 1024, smallest)
    // How many units of the last place. The leading one of a normal number adds 1 to its exponent's bits, and so
    // does another where rounding carries into it.
    let units =
      magnitude.isFinite
      ? (magnitude * power(-exponent) * power(fractionBits)).rounded(.toNearestOrEven) : 0
    let rounded = UInt64(exponent - smallest) << UInt64(fractionBits) + UInt64(units)
    let isTooLarge = exponent > 1023 || rounded >= end
    var bits = isTooLarge ? end : rounded
    if isTooLarge && format == .float8_e4m3fn { bits = end - 1 }
    if number.sign == .minus && !(isUnsignedZero && bits == 0) { bits |= sign }
    return (bits, isTooLarge && number.isFinite)
  }

  /// As torch has it: without the sign, halfway up, and upwards below the smallest normal float32.
  private func exponent(_ number: Double) -> (bits: UInt64, overflows: Bool) {
    let magnitude = number.magnitude
    if magnitude.isInfinite { return (0xFF, false) }
    if magnitude < power(-126) { return (magnitude > power(-127) ? 1 : 0, false) }
    let bits = UInt64(Int(magnitude.exponent) + 127 + (magnitude.significand >= 1.5 ? 1 : 0))
    return (bits, bits == 0xFF)
  }

  private func power(_ exponent: Int) -> Double {
    Double(sign: .plus, exponent: exponent, significand: 1)
  }
}
