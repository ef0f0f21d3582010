/// A cursor over the text of a plain scalar, which takes what fits.
struct ScalarScanner {
  private let bytes: [UInt8]
  private(set) var offset = 0

  init(_ text: String) { bytes = Array(text.utf8) }

  var isAtEnd: Bool { offset == bytes.count }

  /// The next byte as an ASCII character; NUL at the end.
  var next: Unicode.Scalar { isAtEnd ? "\0" : Unicode.Scalar(bytes[offset]) }

  /// Takes one byte, if it is one of `allowed`.
  mutating func take(_ allowed: ClosedRange<Unicode.Scalar>...) -> Bool {
    guard !isAtEnd, allowed.contains(where: { $0.contains(next) }) else { return false }
    offset += 1
    return true
  }

  /// Takes one byte, if it is one of the characters of `allowed`.
  mutating func take(_ allowed: StaticString) -> Bool {
    guard !isAtEnd, allowed.description.utf8.contains(bytes[offset]) else { return false }
    offset += 1
    return true
  }

  /// Takes as many of the characters of `allowed` as come; how many came.
  @discardableResult
  mutating func run(_ allowed: StaticString) -> Int {
    let start = offset
    while take(allowed) {}
    return offset - start
  }

  /// Takes exactly `count` decimal digits.
  mutating func digits(_ count: Int) -> Bool {
    for _ in 0..<count where !take("0"..."9") { return false }
    return true
  }
}
