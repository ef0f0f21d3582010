internal import CSutureChecksums

/// The CRC-32 of zip and gzip, computed by ISA-L.
public struct CRC32: Equatable, Sendable {
  /// The checksum of all bytes so far; 0 before the first.
  public private(set) var value: UInt32 = 0

  public init() {}

  /// Continues with the first `count` bytes of `bytes`.
  public mutating func update(_ bytes: [UInt8], count: Int? = nil) {
    let count = count ?? bytes.count
    precondition(count <= bytes.count)
    unsafe bytes.withUnsafeBytes { unsafe value = suture_crc32(value, $0.baseAddress, count) }
  }

  /// The checksum of what two stretches make one behind the other.
  ///
  /// - Parameter count: how many bytes the second has.
  public static func joined(_ first: UInt32, _ second: UInt32, count: Int) -> UInt32 {
    // A byte multiplies by x⁸, in the field of polynomials over two elements modulo that of the checksum.
    var (shifted, rest, power) = (first, count, Self.byte)
    while rest > 0 {
      if rest & 1 == 1 { shifted = product(shifted, power) }
      power = product(power, power)
      rest >>= 1
    }
    return shifted ^ second
  }

  /// x⁸; the highest bit is the coefficient of 1.
  private static let byte: UInt32 = 1 << 23

  private static func product(_ one: UInt32, _ other: UInt32) -> UInt32 {
    var (sum, shifted) = (UInt32(0), other)
    for bit in (0..<32).reversed() {
      if one >> bit & 1 == 1 { sum ^= shifted }
      shifted = shifted & 1 == 1 ? shifted >> 1 ^ 0xEDB8_8320 : shifted >> 1
    }
    return sum
  }

  /// The checksum of `bytes`.
  public static func of(_ bytes: [UInt8]) -> UInt32 {
    var checksum = CRC32()
    checksum.update(bytes)
    return checksum.value
  }
}
