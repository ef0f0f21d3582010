/// Operations that torch only notes on a view, to be done when its elements are used.
public struct LazyBits: OptionSet, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Every element is to be negated (`Tensor.is_neg()`).
  public static let negative = LazyBits(rawValue: 1)
  /// The imaginary part of every element is to be negated (`Tensor.is_conj()`).
  public static let conjugate = LazyBits(rawValue: 2)

  /// Does to the first `count` of `bytes`, whole little-endian elements of `dtype`, what the bits say.
  ///
  /// The sign of an IEEE number is the top bit of its last byte, of a NaN too.
  func apply(to bytes: inout [UInt8], count: Int, dtype: DType) {
    let width = dtype.swapWidth
    var signs = [Bool](repeating: contains(.negative), count: dtype.byteCount / width)
    if contains(.conjugate), let last = signs.indices.last { signs[last].toggle() }
    for (part, flips) in signs.enumerated() where flips {
      for place in stride(from: (part + 1) * width - 1, to: count, by: dtype.byteCount) {
        bytes[place] ^= 0x80
      }
    }
  }

  /// Whether elements of `dtype` can be treated so: torch sets the bits on floating-point tensors only.
  func suits(_ dtype: DType) -> Bool {
    if contains(.conjugate) { return dtype.isComplex }
    switch dtype {
    case .float64, .float32, .float16, .bfloat16, .complex128, .complex64, .complex32: return true
    default: return isEmpty
    }
  }
}
