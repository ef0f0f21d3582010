internal import CSutureNumbers

/// Reads little-endian elements as numbers and writes numbers as elements: all that is known of what the bytes of a
/// dtype mean.
public struct ElementCodec: Sendable, Hashable {
  /// What one number of an element is.
  public enum Number: Sendable, Hashable {
    case float(FloatFormat)
    /// An integer in two's complement, of 1, 2, 4 or 8 bytes.
    case signed(byteCount: Int)
    case unsigned(byteCount: Int)
    /// A byte that is true where it is not 0.
    case bool

    /// How many bytes one number takes.
    public var byteCount: Int {
      switch self {
      case .float(let format): format.byteCount
      case .signed(let byteCount), .unsigned(let byteCount): byteCount
      case .bool: 1
      }
    }
  }

  public let number: Number
  /// How many numbers an element is: two of a complex one, the real part first.
  public let width: Int

  public init(_ number: Number, width: Int = 1) { (self.number, self.width) = (number, width) }

  /// How many bytes one element takes.
  public var byteCount: Int { number.byteCount * width }

  // MARK: Reading

  /// The numbers of the first `count` elements of `bytes`.
  ///
  /// Each is a double exactly, but for integers beyond 2⁵³, which are rounded.
  public func decode(_ bytes: [UInt8], count: Int) -> [Double] {
    let numbers = count * width
    precondition(count >= 0 && numbers <= bytes.count / number.byteCount, "there are fewer elements")
    switch number {
    case .float(let format):
      return unsafe [Double](unsafeUninitializedCapacity: numbers) { target, initialized in
        unsafe bytes.withUnsafeBytes {
          _ = unsafe suture_cast_floats(
            format.code, $0.baseAddress, SUTURE_FLOAT64, target.baseAddress, numbers)
        }
        initialized = numbers
      }
    case .signed(1): return Self.words(bytes, numbers) { (word: Int8) in Double(word) }
    case .signed(2): return Self.words(bytes, numbers) { (word: Int16) in Double(word) }
    case .signed(4): return Self.words(bytes, numbers) { (word: Int32) in Double(word) }
    case .signed: return Self.words(bytes, numbers) { (word: Int64) in Double(word) }
    case .unsigned(1): return Self.words(bytes, numbers) { (word: UInt8) in Double(word) }
    case .unsigned(2): return Self.words(bytes, numbers) { (word: UInt16) in Double(word) }
    case .unsigned(4): return Self.words(bytes, numbers) { (word: UInt32) in Double(word) }
    case .unsigned: return Self.words(bytes, numbers) { (word: UInt64) in Double(word) }
    case .bool: return Self.words(bytes, numbers) { (word: UInt8) in word == 0 ? 0 : 1 }
    }
  }

  /// The numbers of all elements in `bytes`.
  public func decode(_ bytes: [UInt8]) -> [Double] { decode(bytes, count: bytes.count / byteCount) }

  /// The numbers of all elements in `bytes` as single precision, rounded where they are wider; `nil` where they are no
  /// real floating-point numbers.
  public func floats(_ bytes: [UInt8]) -> [Float]? {
    guard case .float(let format) = number, width == 1 else { return nil }
    let count = bytes.count / format.byteCount
    return unsafe [Float](unsafeUninitializedCapacity: count) { target, initialized in
      unsafe bytes.withUnsafeBytes {
        _ = unsafe suture_cast_floats(
          format.code, $0.baseAddress, SUTURE_FLOAT32, target.baseAddress, count)
      }
      initialized = count
    }
  }

  /// The numbers of all elements in `bytes` exactly; `nil` where they are no integers, or where one takes more than 63
  /// bits and a sign.
  public func integers(_ bytes: [UInt8]) -> [Int]? {
    let count = bytes.count / number.byteCount
    switch number {
    case .signed(1): return Self.words(bytes, count) { (word: Int8) in Int(word) }
    case .signed(2): return Self.words(bytes, count) { (word: Int16) in Int(word) }
    case .signed(4): return Self.words(bytes, count) { (word: Int32) in Int(word) }
    case .signed: return Self.words(bytes, count) { (word: Int64) in Int(word) }
    case .unsigned(1): return Self.words(bytes, count) { (word: UInt8) in Int(word) }
    case .unsigned(2): return Self.words(bytes, count) { (word: UInt16) in Int(word) }
    case .unsigned(4): return Self.words(bytes, count) { (word: UInt32) in Int(word) }
    case .unsigned:
      let words = Self.words(bytes, count) { (word: UInt64) in Int(exactly: word) }
      let fitting = words.compactMap { $0 }
      return fitting.count == count ? fitting : nil
    case .float, .bool: return nil
    }
  }

  /// The numbers of all elements in `bytes` exactly; `nil` where they are no integers without a sign.
  public func unsignedIntegers(_ bytes: [UInt8]) -> [UInt64]? {
    let count = bytes.count / number.byteCount
    switch number {
    case .unsigned(1): return Self.words(bytes, count) { (word: UInt8) in UInt64(word) }
    case .unsigned(2): return Self.words(bytes, count) { (word: UInt16) in UInt64(word) }
    case .unsigned(4): return Self.words(bytes, count) { (word: UInt32) in UInt64(word) }
    case .unsigned: return Self.words(bytes, count) { (word: UInt64) in word }
    case .float, .signed, .bool: return nil
    }
  }

  private static func words<Word: FixedWidthInteger & BitwiseCopyable, Value>(
    _ bytes: [UInt8], _ count: Int, _ value: (Word) -> Value
  ) -> [Value] {
    unsafe bytes.withUnsafeBytes { source in
      (0..<count).map { index in
        value(
          Word(
            littleEndian: unsafe source.loadUnaligned(
              fromByteOffset: index &* MemoryLayout<Word>.size, as: Word.self)))
      }
    }
  }

  // MARK: Writing

  /// Puts real floating-point numbers at the start of `buffer`, each rounded to the nearest, ties to even.
  ///
  /// To a format narrower than float32 a number goes through float32, as torch's `.to()` takes it.
  ///
  /// - Precondition: ``number`` is a float.
  /// - Returns: how many finite ones are too large.
  @discardableResult
  public func encode(_ values: [Double], into buffer: inout [UInt8]) -> Int {
    guard case .float(let format) = number else { preconditionFailure("only floats are rounded") }
    precondition(values.count <= buffer.count / format.byteCount, "the buffer has no room for the elements")
    return unsafe values.withUnsafeBytes { source in
      unsafe buffer.withUnsafeMutableBytes {
        unsafe suture_cast_floats(
          SUTURE_FLOAT64, source.baseAddress, format.code, $0.baseAddress, values.count)
      }
    }
  }

  /// The bytes of an element of that value; `nil` where there is no such number, or an element is more than one.
  public func encode(_ value: Double) -> [UInt8]? {
    guard width == 1 else { return nil }
    func integer<Word: FixedWidthInteger>(_ type: Word.Type) -> [UInt8]? {
      guard let word = Word(exactly: value) else { return nil }
      return (0..<number.byteCount).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) }
    }
    switch number {
    case .float(let format):
      var bytes = [UInt8](repeating: 0, count: format.byteCount)
      return encode([value], into: &bytes) == 0 ? bytes : nil
    case .signed(1): return integer(Int8.self)
    case .signed(2): return integer(Int16.self)
    case .signed(4): return integer(Int32.self)
    case .signed: return integer(Int64.self)
    case .unsigned(1): return integer(UInt8.self)
    case .unsigned(2): return integer(UInt16.self)
    case .unsigned(4): return integer(UInt32.self)
    case .unsigned: return integer(UInt64.self)
    case .bool: return value == 0 ? [0] : value == 1 ? [1] : nil
    }
  }
}
