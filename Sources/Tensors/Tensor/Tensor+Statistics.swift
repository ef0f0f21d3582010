/// What the numbers of a tensor are like.
public struct TensorStatistics: Sendable, Equatable {
  /// The least and the largest of the finite elements; `nil` where there is none.
  public let minimum: Double?
  public let maximum: Double?
  /// Of the finite elements.
  public let mean: Double?
  /// The population's, as `Tensor.std(correction=0)` gives it.
  public let deviation: Double?
  public let zeroCount: Int
  public let nanCount: Int
  public let infinityCount: Int
}

extension Tensor {
  /// Whether ``statistics()`` understands the elements: real numbers, and integers that mean themselves.
  public var hasStatistics: Bool { hasElements && NumberReader(dtype) != nil }

  /// Reads every element once.
  ///
  /// - Throws: ``TensorError/notConvertible(_:to:)`` for complex numbers and for bits without a meaning.
  public func statistics() throws -> TensorStatistics {
    guard let number = NumberReader(dtype) else { throw TensorError.notConvertible(dtype, to: .float64) }
    var (count, zeros, nans, infinities) = (0, 0, 0, 0)
    var (least, largest) = (Double.infinity, -Double.infinity)
    // Welford's recurrence: one pass, no cancellation.
    var (mean, squares) = (0.0, 0.0)
    try forEachChunk { buffer, byteCount in
      for start in stride(from: 0, to: byteCount, by: dtype.byteCount) {
        let value = number.read(buffer, start)
        guard value.isFinite else {
          if value.isNaN { nans += 1 } else { infinities += 1 }
          continue
        }
        count += 1
        if value == 0 { zeros += 1 }
        least = min(least, value)
        largest = max(largest, value)
        let delta = value - mean
        mean += delta / Double(count)
        squares += delta * (value - mean)
      }
    }
    let isEmpty = count == 0
    return TensorStatistics(
      minimum: isEmpty ? nil : least, maximum: isEmpty ? nil : largest, mean: isEmpty ? nil : mean,
      deviation: isEmpty ? nil : (squares / Double(count)).squareRoot(), zeroCount: zeros, nanCount: nans,
      infinityCount: infinities)
  }
}

/// Reads one little-endian number as a `Double`.
private struct NumberReader {
  let read: (_ bytes: [UInt8], _ start: Int) -> Double

  init?(_ dtype: DType) {
    func word(_ bytes: [UInt8], _ start: Int) -> UInt64 {
      var bits: UInt64 = 0
      for byte in (0..<dtype.byteCount).reversed() { bits = bits << 8 | UInt64(bytes[start + byte]) }
      return bits
    }
    switch dtype {
    case .float64: read = { Double(bitPattern: word($0, $1)) }
    case .float32: read = { Double(Float(bitPattern: UInt32(word($0, $1)))) }
    case .bfloat16: read = { Double(Float(bitPattern: UInt32(word($0, $1)) << 16)) }
    case .float16: read = { Self.minifloat(word($0, $1), exponent: 5, mantissa: 10, bias: 15, .ieee) }
    case .float8_e5m2: read = { Self.minifloat(word($0, $1), exponent: 5, mantissa: 2, bias: 15, .ieee) }
    case .float8_e4m3fn:
      read = { Self.minifloat(word($0, $1), exponent: 4, mantissa: 3, bias: 7, .allOnesIsNaN) }
    case .float8_e4m3fnuz:
      read = { Self.minifloat(word($0, $1), exponent: 4, mantissa: 3, bias: 8, .negativeZeroIsNaN) }
    case .float8_e5m2fnuz:
      read = { Self.minifloat(word($0, $1), exponent: 5, mantissa: 2, bias: 16, .negativeZeroIsNaN) }
    case .float8_e8m0fnu:
      read = { $0[$1] == 255 ? .nan : Double(sign: .plus, exponent: Int($0[$1]) - 127, significand: 1) }
    case .int64: read = { Double(Int64(bitPattern: word($0, $1))) }
    case .int32, .qint32: read = { Double(Int32(truncatingIfNeeded: word($0, $1))) }
    case .int16: read = { Double(Int16(truncatingIfNeeded: word($0, $1))) }
    case .int8, .qint8: read = { Double(Int8(truncatingIfNeeded: word($0, $1))) }
    case .uint64, .uint32, .uint16, .uint8, .quint8: read = { Double(word($0, $1)) }
    case .bool: read = { $0[$1] == 0 ? 0 : 1 }
    case .complex128, .complex64, .complex32, .float4_e2m1fn_x2, .bits16, .bits8, .bits4x2, .bits2x4,
      .bits1x8:
      return nil
    }
  }

  private enum Special { case ieee, allOnesIsNaN, negativeZeroIsNaN }

  /// A number of sign, `exponent` bits and `mantissa` bits.
  private static func minifloat(_ bits: UInt64, exponent: Int, mantissa: Int, bias: Int, _ special: Special)
    -> Double
  {
    let fraction = Int(bits & ((1 << UInt64(mantissa)) - 1))
    let power = Int(bits >> UInt64(mantissa) & ((1 << UInt64(exponent)) - 1))
    let isNegative = bits >> UInt64(exponent + mantissa) & 1 == 1
    let isTop = power == (1 << exponent) - 1
    switch special {
    case .ieee: if isTop { return fraction != 0 ? .nan : isNegative ? -.infinity : .infinity }
    case .allOnesIsNaN: if isTop, fraction == (1 << mantissa) - 1 { return .nan }
    case .negativeZeroIsNaN: if isNegative, power == 0, fraction == 0 { return .nan }
    }
    // A subnormal has no leading one, and the exponent of the least normal number.
    let significand = Double(power == 0 ? fraction : fraction + (1 << mantissa))
    let magnitude =
      significand * Double(sign: .plus, exponent: max(power, 1) - bias - mantissa, significand: 1)
    return isNegative ? -magnitude : magnitude
  }
}
