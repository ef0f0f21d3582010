internal import SutureNumbers

/// Finds out of two tensors of different dtypes whether one is what a cast makes of the other.
///
/// Either may be the original: a checkpoint in half precision may be compared with what it was made from, or that with it.
struct CastComparison {
  /// The casts that nothing has spoken against yet.
  private var there: FloatCast?
  private var back: FloatCast?
  private let (codec, otherCodec): (ElementCodec, ElementCodec)

  /// `nil` where no cast makes one of the other: of integers, and between real and complex numbers.
  init?(_ codec: ElementCodec, _ otherCodec: ElementCodec) {
    guard codec.width == otherCodec.width, case .float(let format) = codec.number,
      case .float(let otherFormat) = otherCodec.number
    else { return nil }
    (self.codec, self.otherCodec) = (codec, otherCodec)
    (there, back) = (FloatCast(from: format, to: otherFormat), FloatCast(from: otherFormat, to: format))
  }

  var isCast: Bool { there != nil || back != nil }

  /// Takes the next elements of both, as they are stored and as numbers.
  mutating func add(_ first: [UInt8], _ numbers: [Double], _ second: [UInt8], _ otherNumbers: [Double]) {
    if let cast = there, !Self.gives(otherNumbers, cast, first, otherCodec) { there = nil }
    if let cast = back, !Self.gives(numbers, cast, second, codec) { back = nil }
  }

  /// Whether the cast of `source` has the numbers that are wanted; a NaN is as good as another.
  private static func gives(
    _ wanted: [Double], _ cast: FloatCast, _ source: [UInt8], _ target: ElementCodec
  ) -> Bool {
    var bytes = [UInt8](repeating: 0, count: wanted.count * target.number.byteCount)
    _ = cast.convert(source, count: wanted.count, into: &bytes)
    return zip(target.decode(bytes), wanted).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) }
  }
}
