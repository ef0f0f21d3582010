internal import CSutureNumbers

/// How a format spells what is no finite number.
extension FloatFormat {
  /// - Returns:
  ///   - special: the bits that are all set in every number that is not finite.
  ///   - payload: the bits that tell NaN from infinity: all zero in an infinity.
  ///   - isExact: whether all other bits are clear, as in the formats whose only NaN is a negative zero.
  private var nonFinite: (special: UInt64, payload: UInt64, isExact: Bool) {
    switch self {
    case .float64: (0x7FF0_0000_0000_0000, 0x000F_FFFF_FFFF_FFFF, false)
    case .float32: (0x7F80_0000, 0x007F_FFFF, false)
    case .float16: (0x7C00, 0x03FF, false)
    case .bfloat16: (0x7F80, 0x007F, false)
    case .float8_e5m2: (0x7C, 0x03, false)
    // These have no infinity: whatever is special is NaN.
    case .float8_e4m3fn: (0x7F, 0x7F, false)
    case .float8_e4m3fnuz, .float8_e5m2fnuz: (0x80, 0x80, true)
    case .float8_e8m0fnu: (0xFF, 0xFF, true)
    }
  }

  /// Calls `body` with each element among the bytes of `range` that is no finite number.
  ///
  /// - Parameters:
  ///   - width: how many numbers an element is; it is NaN where one of them is, else infinite where one is.
  ///   - body: receives the element's place among those of `range`, and whether it is NaN.
  /// - Complexity: where all are finite, one pass that the processor does many numbers at a time.
  public func forEachNonFinite(
    in bytes: [UInt8], _ range: Range<Int>, width: Int = 1, _ body: (_ place: Int, _ isNaN: Bool) -> Void
  ) {
    precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
    switch byteCount {
    case 8: search(bytes, range, width, UInt64.self, body)
    case 4: search(bytes, range, width, UInt32.self, body)
    case 2: search(bytes, range, width, UInt16.self, body)
    default: search(bytes, range, width, UInt8.self, body)
    }
  }

  private func search<Word: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: [UInt8], _ range: Range<Int>, _ width: Int, _ type: Word.Type, _ body: (Int, Bool) -> Void
  ) {
    let (special, payload) = (
      Word(truncatingIfNeeded: nonFinite.special), Word(truncatingIfNeeded: nonFinite.payload)
    )
    let mask = nonFinite.isExact ? Word.max : special
    let numbers = range.count / MemoryLayout<Word>.size
    unsafe bytes.withUnsafeBytes { all in
      let bytes = unsafe UnsafeRawBufferPointer(rebasing: all[range])
      func word(_ index: Int) -> Word {
        Word(
          littleEndian: unsafe bytes.loadUnaligned(
            fromByteOffset: index &* MemoryLayout<Word>.size, as: Word.self))
      }
      guard let start = bytes.baseAddress,
        unsafe suture_has_special(start, MemoryLayout<Word>.size, numbers, UInt64(mask), UInt64(special)) != 0
      else { return }
      for element in 0..<(numbers / width) {
        var isNaN: Bool?
        for index in (element * width)..<((element + 1) * width) where word(index) & mask == special {
          isNaN = isNaN == true || word(index) & payload != 0
        }
        if let isNaN { body(element, isNaN) }
      }
    }
  }
}
