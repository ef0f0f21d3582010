import SutureNumbers
import SutureBytes
import TestSupport
import Testing

@Suite struct `A cast of floats` {
  private static let narrow = FloatFormat.allCases.filter { $0.byteCount <= 2 }

  private func bytes(_ numbers: [UInt64], _ format: FloatFormat) -> [UInt8] {
    numbers.flatMap { number in
      (0..<format.byteCount).map { UInt8(truncatingIfNeeded: number >> UInt64($0 * 8)) }
    }
  }

  private func numbers(_ bytes: [UInt8], _ format: FloatFormat) -> [UInt64] {
    stride(from: 0, to: bytes.count, by: format.byteCount).map { place in
      (0..<format.byteCount).reduce(0) { $0 | UInt64(bytes[place + $1]) << UInt64($1 * 8) }
    }
  }

  private func cast(_ bits: [UInt64], _ from: FloatFormat, _ to: FloatFormat) -> (
    bits: [UInt64], overflows: Int
  ) {
    var target = [UInt8](repeating: 0xA5, count: bits.count * to.byteCount)
    let overflows = FloatCast(from: from, to: to).convert(bytes(bits, from), count: bits.count, into: &target)
    return (numbers(target, to), overflows)
  }

  /// Compares with the plain model, by way of float32 as torch does it; of a NaN only that it stays one.
  private func compare(_ bits: [UInt64], _ from: FloatFormat, _ to: FloatFormat, _ comment: Comment? = nil) {
    let (source, middle, target) = (FloatModel(from), FloatModel(.float32), FloatModel(to))
    let result = cast(bits, from, to)
    var overflows = 0
    var wrong: [String] = []
    for (bits, result) in zip(bits, result.bits) where from != to {
      let number = source.value(bits)
      if number.isNaN {
        if !target.value(result).isNaN { wrong.append("NaN \(hex(bits)) became \(hex(result))") }
        continue
      }
      let single = middle.bits(number)
      let expected = target.bits(middle.value(single.bits))
      if single.overflows || expected.overflows { overflows += 1 }
      if result != expected.bits { wrong.append("\(hex(bits)): \(hex(result)), not \(hex(expected.bits))") }
    }
    if from == to { #expect(result.bits == bits, comment) }
    #expect(
      wrong.isEmpty, "\(from) to \(to): \(wrong.count) wrong, \(wrong.prefix(5)) \(comment?.rawValue ?? "")")
    #expect(result.overflows == overflows, comment)
  }

  private func hex(_ bits: UInt64) -> String { String(bits, radix: 16) }

  /// Halfway points between neighbours of every narrow format, one step to either side of them, and the borders.
  private func awkward(_ format: FloatFormat) -> [UInt64] {
    var numbers: [Double] = [
      0, .infinity, .greatestFiniteMagnitude, .leastNonzeroMagnitude, .leastNormalMagnitude,
    ]
    for single in [Float.greatestFiniteMagnitude, .leastNonzeroMagnitude, .leastNormalMagnitude] {
      numbers += [Double(single), Double(single) * 1.5, Double(single) + Double(single.ulp) / 2]
    }
    for narrow in Self.narrow {
      let model = FloatModel(narrow)
      let step = narrow.byteCount == 1 ? 1 : 37
      for bits in stride(from: 0, to: model.end - 1, by: step) {
        let (here, next) = (model.value(bits), model.value(bits + 1))
        numbers += [here, (here + next) / 2]
      }
      // Also what the next number would be if there were one more, and half the way to it.
      let (largest, before) = (model.value(model.end - 1), model.value(model.end - 2))
      numbers += [largest, largest + (largest - before), largest + (largest - before) / 2]
    }
    var bits: [UInt64] = []
    for number in numbers {
      if format == .float64 {
        // The larger steps are those that float32 does not see, so that it rounds to a tie.
        for step in [0, 1, -1, 1 << 20, -(1 << 20)] as [Int64] {
          bits.append(number.bitPattern &+ UInt64(bitPattern: step))
        }
      } else {
        for step in [0, 1, -1] as [Int32] {
          bits.append(UInt64(Float(number).bitPattern &+ UInt32(bitPattern: step)))
        }
      }
    }
    let sign: UInt64 = 1 << UInt64(format.byteCount * 8 - 1)
    return bits + bits.map { $0 ^ sign }
  }

  @Test(arguments: narrow) func `takes every pattern of a narrow format to every other`(from: FloatFormat) {
    let patterns = Array(0..<UInt64(1) << UInt64(from.byteCount * 8))
    for to in FloatFormat.allCases { compare(patterns, from, to) }
  }

  @Test(arguments: narrow) func `of a narrow format to a wide one and back is none`(format: FloatFormat) {
    let model = FloatModel(format)
    let patterns = (0..<UInt64(1) << UInt64(format.byteCount * 8)).filter { !model.value($0).isNaN }
    for wide in [FloatFormat.float32, .float64] {
      let there = cast(patterns, format, wide)
      let back = cast(there.bits, wide, format)
      #expect(back.bits == patterns)
      #expect(there.overflows == 0 && back.overflows == 0)
    }
  }

  @Test(arguments: [FloatFormat.float32, .float64])
  func `rounds halfway points and their neighbours as the plain model`(from: FloatFormat) {
    let numbers = awkward(from)
    for to in FloatFormat.allCases { compare(numbers, from, to) }
  }

  @Test(arguments: [FloatFormat.float32, .float64]) func `rounds random numbers as the plain model`(
    from: FloatFormat
  ) {
    let seed = UInt64.random(in: 0 ... .max)
    print("seed \(seed)")
    var random = Seeded(seed)
    let anything = (0..<10_000).map { _ in random.next() >> UInt64(64 - from.byteCount * 8) }
    let near = (0..<10_000).map { _ in
      let number =
        Double.random(in: -1...1, using: &random)
        * Double(sign: .plus, exponent: .random(in: -30...20, using: &random), significand: 1)
      return from == .float64 ? number.bitPattern : UInt64(Float(number).bitPattern)
    }
    for to in FloatFormat.allCases { compare(anything + near, from, to, "seed \(seed)") }
  }

  @Test func `of any number of elements leaves alone what is behind them`() {
    let seed = UInt64.random(in: 0 ... .max)
    print("seed \(seed)")
    var random = Seeded(seed)
    for count in Array(0...70) + [127, 129, 2047, 2048, 2049, 4096, 5001] {
      for (from, to) in [
        (FloatFormat.float32, FloatFormat.float16), (.float32, .bfloat16), (.float64, .float32),
        (.float16, .float32), (.bfloat16, .float8_e5m2), (.float8_e4m3fn, .float64),
      ] {
        let source = (0..<(count + 3) * from.byteCount).map { _ in UInt8.random(in: 0...255, using: &random) }
        var target = [UInt8](repeating: 0xA5, count: (count + 5) * to.byteCount)
        let overflows = FloatCast(from: from, to: to).convert(source, count: count, into: &target)
        let bits = Array(numbers(source, from).prefix(count))
        let whole = cast(bits, from, to)
        #expect(numbers(target, to).prefix(count) == whole.bits[...], "seed \(seed)")
        #expect(target.dropFirst(count * to.byteCount).allSatisfy { $0 == 0xA5 }, "seed \(seed)")
        #expect(overflows == whole.overflows, "seed \(seed)")
        compare(bits, from, to, "seed \(seed)")
      }
    }
  }

  @Test func `does not begin where a buffer is too small`() async {
    await #expect(processExitsWith: .failure) {
      var target = [UInt8](repeating: 0, count: 3)
      _ = FloatCast(from: .float32, to: .float16).convert(
        [UInt8](repeating: 0, count: 8), count: 2, into: &target)
    }
    await #expect(processExitsWith: .failure) {
      var target = [UInt8](repeating: 0, count: 4)
      _ = FloatCast(from: .float32, to: .float16).convert(
        [UInt8](repeating: 0, count: 7), count: 2, into: &target)
    }
    var nothing: [UInt8] = []
    #expect(FloatCast(from: .float32, to: .float16).convert([], count: 0, into: &nothing) == 0)
  }

  @Test func `counts the finite numbers that are too large`() {
    let numbers: [Float] = [
      1, 65519, 65520, -65520, 1e30, .infinity, -.infinity, .nan, 464, 465, 57344, 61440, 3.4e38,
    ]
    let bits = numbers.map { UInt64($0.bitPattern) }
    let counts: [(FloatFormat, Int)] = [
      (.float64, 0), (.float16, 4), (.bfloat16, 1), (.float8_e4m3fn, 8), (.float8_e5m2, 6),
      (.float8_e4m3fnuz, 9), (.float8_e5m2fnuz, 6), (.float8_e8m0fnu, 1),
    ]
    for (to, count) in counts { #expect(cast(bits, .float32, to).overflows == count, "\(to)") }
    let doubles = [1e300, -1e300, 3.5e38, 3.4e38, .infinity].map(\.bitPattern)
    #expect(cast(doubles, .float64, .float32).overflows == 3)
    #expect(cast(doubles, .float64, .float16).overflows == 4)
  }

  @Test func `rounds twice on the way from float64, as torch does`() {
    // Above halfway between 1 and the next float16, but by less than float32 sees: once it is at halfway, it is even.
    let number = 1 + 0x1p-11 + 0x1p-40
    #expect(cast([number.bitPattern], .float64, .float16).bits == [0x3C00])
    #expect(cast([UInt64(Float(number).nextUp.bitPattern)], .float32, .float16).bits == [0x3C01])
  }

  @Test func `saturates to float8_e4m3fn alone, and knows no negative zero in fnuz formats`() {
    let infinities = [Float.infinity, -.infinity, -0.0].map { UInt64($0.bitPattern) }
    #expect(cast(infinities, .float32, .float8_e4m3fn).bits == [0x7E, 0xFE, 0x80])
    #expect(cast(infinities, .float32, .float8_e5m2).bits == [0x7C, 0xFC, 0x80])
    #expect(cast(infinities, .float32, .float8_e4m3fnuz).bits == [0x80, 0x80, 0])
    #expect(cast(infinities, .float32, .float8_e5m2fnuz).bits == [0x80, 0x80, 0])
    #expect(cast(infinities, .float32, .float8_e8m0fnu).bits == [0xFF, 0xFF, 0])
  }

  @Test func `keeps the sign and the upper bits of a NaN where torch disagrees with itself`() {
    let nans: [UInt64] = [0x7F80_0001, 0xFFB4_9792, 0x7FFF_FFFF]
    #expect(cast(nans, .float32, .bfloat16).bits == [0x7FC0, 0xFFF4, 0x7FFF])
    #expect(cast(nans, .float32, .float16).bits == [0x7E00, 0xFFA4, 0x7FFF])
    #expect(cast([0x7C01, 0xFFFF], .float16, .float32).bits == [0x7FC0_2000, 0xFFFF_E000])
    #expect(cast([0xFFF2_4FF8_9B0F_A286], .float64, .bfloat16).bits == [0xFFD2])
    #expect(cast([0xFC01], .float16, .bfloat16).bits == [0x7FC0])
  }
}
