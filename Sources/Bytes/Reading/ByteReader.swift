public import SutureText

/// A read past the end of the bytes at hand.
public struct TruncatedInput: SutureError, Equatable {
  /// Where the read began.
  public let offset: Int
  /// How many bytes were wanted there.
  ///
  /// A wanted count that no machine can hold is given as `Int.max`.
  public let needed: Int
  /// How many bytes were left.
  public let available: Int

  public init(offset: Int, needed: Int, available: Int) {
    (self.offset, self.needed, self.available) = (offset, needed, available)
  }

  public var kind: FailureKind { .unreadable }
  public var place: FailurePlace { FailurePlace(byteOffset: offset) }
  public var reason: String { "\(needed == Int.max ? "more" : "\(needed)") bytes wanted, \(available) left" }
}

/// A cursor over untrusted bytes.
///
/// Every read checks what is left first and throws with the offset; nothing traps, whatever the bytes say.
/// Numbers are little-endian unless the name says otherwise.
public struct ByteReader: ~Escapable {
  private let bytes: RawSpan

  /// The offset of the next byte.
  public private(set) var offset: Int

  /// Starts at `offset`, which lies within `bytes`.
  @_lifetime(copy bytes)
  public init(_ bytes: RawSpan, at offset: Int = 0) {
    self.bytes = bytes
    self.offset = Swift.min(Swift.max(offset, 0), bytes.byteCount)
  }

  /// How many bytes have not been read.
  public var remaining: Int { bytes.byteCount - offset }

  /// Throws unless `count` bytes are left.
  public func require(_ count: Int) throws(TruncatedInput) {
    if count < 0 || count > remaining {
      throw TruncatedInput(offset: offset, needed: count < 0 ? Int.max : count, available: remaining)
    }
  }

  /// Reads an integer of any width.
  @_lifetime(self: copy self)
  public mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type = T.self)
    throws(TruncatedInput) -> T
  {
    let size = T.bitWidth / 8
    try require(size)
    defer { offset += size }
    return T(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: T.self))
  }

  /// Reads a big-endian IEEE double, as pickle writes floats.
  @_lifetime(self: copy self)
  public mutating func bigEndianDouble() throws(TruncatedInput) -> Double {
    Double(bitPattern: UInt64(bigEndian: UInt64(littleEndian: try integer())))
  }

  /// Reads one byte.
  @_lifetime(self: copy self)
  public mutating func byte() throws(TruncatedInput) -> UInt8 { try integer() }

  /// Reads `count` bytes as a view without a copy.
  @_lifetime(copy self)
  public mutating func take(_ count: Int) throws(TruncatedInput) -> RawSpan {
    try require(count)
    defer { offset += count }
    return bytes.extracting(offset..<(offset + count))
  }

  /// Reads `count` bytes into an array.
  @_lifetime(self: copy self)
  public mutating func array(_ count: Int) throws(TruncatedInput) -> [UInt8] {
    try require(count)
    defer { offset += count }
    return unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0[offset..<(offset + count)]) }
  }

  /// Reads `count` bytes as UTF-8; `nil` where they are not valid UTF-8.
  @_lifetime(self: copy self)
  public mutating func string(_ count: Int) throws(TruncatedInput) -> String? {
    try require(count)
    defer { offset += count }
    return String(utf8: Span(_bytes: bytes.extracting(offset..<(offset + count))))
  }

  /// Reads up to the next newline, at most `limit` bytes, and steps over the newline.
  ///
  /// `nil` where no newline comes within `limit` bytes or before the end; the cursor then stays.
  @_lifetime(self: copy self)
  public mutating func line(limit: Int) -> [UInt8]? {
    let window = Swift.min(limit, remaining)
    let found = unsafe bytes.withUnsafeBytes { all in
      unsafe all[offset..<(offset + window)].firstIndex(of: UInt8(ascii: "\n"))
    }
    guard let end = found else { return nil }
    defer { offset = end + 1 }
    return unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0[offset..<end]) }
  }

  /// Steps over `count` bytes.
  @_lifetime(self: copy self)
  public mutating func skip(_ count: Int) throws(TruncatedInput) {
    try require(count)
    offset += count
  }
}

extension Array where Element == UInt8 {
  /// The little-endian integer that begins at `offset`, and lies within the bytes.
  public func integer<T: FixedWidthInteger & BitwiseCopyable>(at offset: Int, _ type: T.Type = T.self) -> T {
    precondition(offset >= 0 && T.bitWidth / 8 <= count - offset, "the integer does not lie within the bytes")
    return T(littleEndian: unsafe span.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: T.self))
  }

  /// Appends an integer, little-endian.
  public mutating func append<T: FixedWidthInteger>(littleEndian value: T) {
    var rest = value
    for _ in 0..<(T.bitWidth / 8) {
      append(UInt8(truncatingIfNeeded: rest))
      rest = T.bitWidth > 8 ? rest >> 8 : 0
    }
  }
}
