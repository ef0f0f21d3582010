/// A short number that two different names seldom have in common, whoever has chosen them.
///
/// The bytes of a name are the coefficients of a polynomial over the integers modulo the prime 2⁶¹ - 1, and its value at a point
/// that is drawn anew by each process is the hash. Two names of *n* bytes have the same value at no more than *n* / 7 + 1 of all
/// points, which no file can foresee.
package struct NameHash: Sendable {
  package let value: UInt32

  private static let prime: UInt64 = 1 << 61 - 1
  private static let point = UInt64.random(in: 1 << 32..<prime)

  package init(_ bytes: UnsafeRawBufferPointer) {
    let point = Self.point
    // How many there are comes first, so that a zero at the end counts.
    var sum = UInt64(truncatingIfNeeded: bytes.count) & Self.prime
    var place = 0
    while place < bytes.count {
      let part = unsafe Self.seven(bytes, place)
      sum = Self.times(sum &+ part, point)
      place += 7
    }
    self.init(sum: sum)
  }

  /// The hash of numbers instead of bytes.
  package init(_ numbers: [Int32]) {
    let point = Self.point
    var sum = UInt64(truncatingIfNeeded: numbers.count) & Self.prime
    for number in numbers { sum = Self.times(sum &+ UInt64(UInt32(bitPattern: number)), point) }
    self.init(sum: sum)
  }

  private init(sum: UInt64) {
    // The upper half of a product depends on all of it.
    value = UInt32(truncatingIfNeeded: (sum &* 0x9E37_79B9_7F4A_7C15) >> 32)
  }

  /// The hash of a name that has two parts.
  package init(of one: String, _ other: String) {
    self.init([one, other].map { Int32(bitPattern: NameHash($0).value) })
  }

  package init(_ name: String) {
    var name = name
    self = name.withUTF8 { unsafe NameHash(UnsafeRawBufferPointer($0)) }
  }

  /// Seven bytes as a number, or as many as there are.
  private static func seven(_ bytes: UnsafeRawBufferPointer, _ place: Int) -> UInt64 {
    if place + 8 <= bytes.count {
      return unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
        & 0xFF_FFFF_FFFF_FFFF
    }
    var value: UInt64 = 0
    for other in (place..<min(place + 7, bytes.count)).reversed() {
      value = value << 8 | UInt64(unsafe bytes[other])
    }
    return value
  }

  /// The product modulo the prime, of numbers that are less than 2⁶² and less than it.
  private static func times(_ one: UInt64, _ other: UInt64) -> UInt64 {
    let product = one.multipliedFullWidth(by: other)
    let wide = (product.low & prime) &+ (product.low >> 61 | product.high << 3)
    let sum = (wide & prime) &+ wide >> 61
    return sum >= prime ? sum &- prime : sum
  }
}
