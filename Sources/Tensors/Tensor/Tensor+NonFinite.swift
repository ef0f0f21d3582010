internal import SutureNumbers
/// How many elements are no finite numbers, and where the first of them is.
public struct NonFinite: Sendable, Equatable {
  public fileprivate(set) var nanCount = 0
  public fileprivate(set) var infinityCount = 0
  /// The first one's index along each axis; `nil` where all are finite.
  public fileprivate(set) var firstIndex: [Int]?
  public fileprivate(set) var firstIsNaN = false

  public var isEmpty: Bool { firstIndex == nil }
}

extension Tensor {
  /// Counts NaNs and infinities, reading every element once.
  ///
  /// A complex number counts as NaN where one of its parts is, else as infinite where one is. Tensors of integers and
  /// tensors without elements have none.
  public func nonFinite() throws -> NonFinite {
    guard hasElements, let format = FloatFormat(dtype) else { return NonFinite() }
    var result = NonFinite()
    var first: Int?
    var position = 0
    try forEachChunk { buffer, count in
      if format.suspects(buffer, count: count) {
        for start in stride(from: 0, to: count, by: dtype.byteCount) {
          guard let isNaN = format.classify(buffer, at: start, width: dtype.byteCount) else { continue }
          if isNaN { result.nanCount += 1 } else { result.infinityCount += 1 }
          if first == nil { (first, result.firstIsNaN) = ((position + start) / dtype.byteCount, isNaN) }
        }
      }
      position += count
    }
    result.firstIndex = first.map(index)
    return result
  }

  /// The index along each axis of the element that row-major order puts at `position`.
  private func index(_ position: Int) -> [Int] {
    var rest = position
    var index = [Int](repeating: 0, count: shape.count)
    for axis in shape.indices.reversed() {
      index[axis] = rest % shape[axis]
      rest /= shape[axis]
    }
    return index
  }
}

/// How a floating-point format spells what is no finite number.
private struct FloatFormat {
  let byteCount: Int
  /// The bits that are all set in every number that is not finite.
  let special: UInt64
  /// The bits that tell NaN from infinity: all zero in an infinity.
  let payload: UInt64
  /// Whether the sign counts among the special bits, as in the formats whose only NaN is a negative zero.
  let isExact: Bool

  init?(_ dtype: DType) {
    switch dtype {
    case .float64, .complex128: self.init(8, 0x7FF0_0000_0000_0000, 0x000F_FFFF_FFFF_FFFF)
    case .float32, .complex64: self.init(4, 0x7F80_0000, 0x007F_FFFF)
    case .float16, .complex32: self.init(2, 0x7C00, 0x03FF)
    case .bfloat16: self.init(2, 0x7F80, 0x007F)
    case .float8_e5m2: self.init(1, 0x7C, 0x03)
    // These have no infinity: whatever is special is NaN.
    case .float8_e4m3fn: self.init(1, 0x7F, 0x7F)
    case .float8_e4m3fnuz, .float8_e5m2fnuz: self.init(1, 0x80, 0x80, isExact: true)
    case .float8_e8m0fnu: self.init(1, 0xFF, 0xFF, isExact: true)
    default: return nil
    }
  }

  private init(_ byteCount: Int, _ special: UInt64, _ payload: UInt64, isExact: Bool = false) {
    (self.byteCount, self.special, self.payload, self.isExact) = (byteCount, special, payload, isExact)
  }

  /// Whether any number in the first `count` bytes is not finite: the fast pass over all of them.
  func suspects(_ buffer: [UInt8], count: Int) -> Bool {
    switch byteCount {
    case 8: Self.contains(buffer, count, UInt64(special), isExact: isExact)
    case 4: Self.contains(buffer, count, UInt32(special), isExact: isExact)
    case 2: Self.contains(buffer, count, UInt16(special), isExact: isExact)
    default: Self.contains(buffer, count, UInt8(special), isExact: isExact)
    }
  }

  private static func contains<Word: FixedWidthInteger>(
    _ buffer: [UInt8], _ count: Int, _ special: Word, isExact: Bool
  ) -> Bool {
    let mask = isExact ? Word.max : special
    return unsafe buffer.withUnsafeBytes { bytes in
      var found: Word = 0
      // Without a branch in the loop it is done many elements at a time.
      for index in 0..<(count / MemoryLayout<Word>.size) {
        let word = unsafe Word(
          littleEndian: bytes.loadUnaligned(fromByteOffset: index &* MemoryLayout<Word>.size, as: Word.self))
        found |= word & mask == special ? 1 : 0
      }
      return found != 0
    }
  }

  /// Whether the element that begins at `start` is NaN (`true`), infinite (`false`) or finite (`nil`).
  func classify(_ buffer: [UInt8], at start: Int, width: Int) -> Bool? {
    var result: Bool?
    for part in stride(from: start, to: start + width, by: byteCount) {
      var bits: UInt64 = 0
      for byte in (0..<byteCount).reversed() { bits = bits << 8 | UInt64(buffer[part + byte]) }
      guard isExact ? bits == special : bits & special == special else { continue }
      result = result == true || bits & payload != 0
    }
    return result
  }
}
