import SutureBytes
internal import SutureNumbers
import SutureTensors
import Testing

@testable import SutureCheckpoints

@Suite struct `A cast of floats, beside torch` {
  @Test func `gives the same bits for all pairs of formats`() throws {
    let dict = try Checkpoint.open("\(fixtures)/Casts/torch.pth").stateDict
    #expect(dict.count == FloatFormat.allCases.count * FloatFormat.allCases.count)
    for from in FloatFormat.allCases {
      let numbers = try #require(dict["\(from.rawValue).\(from.rawValue)"])
      #expect(numbers.dtype.floatFormat == from)
      let source = try numbers.contiguousBytes()
      let count = source.count / from.byteCount
      for to in FloatFormat.allCases {
        let truth = try #require(dict["\(from.rawValue).\(to.rawValue)"])
        #expect(truth.dtype.floatFormat == to)
        let expected = try truth.contiguousBytes()
        var result = [UInt8](repeating: 0, count: expected.count)
        _ = FloatCast(from: from, to: to).convert(source, count: count, into: &result)
        let differ = (0..<count).filter { !same(expected, result, at: $0, from, to) }
        #expect(
          differ.isEmpty, "\(from) to \(to): \(differ.count) of \(count) differ, the first at \(differ[0])")
      }
    }
  }

  /// Whether an element has the same bits; one that torch itself is not of one mind about need only be a NaN.
  private func same(_ left: [UInt8], _ right: [UInt8], at index: Int, _ from: FloatFormat, _ to: FloatFormat)
    -> Bool
  {
    let place = index * to.byteCount..<(index + 1) * to.byteCount
    if left[place] == right[place] { return true }
    guard to == .bfloat16, from == .float32 || from == .float64 else { return false }
    return ElementCodec(.float(to)).decode(Array(left[place]) + Array(right[place])).allSatisfy(\.isNaN)
  }

  @Test func `knows the format of nine dtypes`() {
    #expect(DType.allCases.compactMap(\.floatFormat).count == FloatFormat.allCases.count)
    for format in FloatFormat.allCases {
      #expect(DType(rawValue: format.rawValue)?.byteCount == format.byteCount)
    }
    #expect(DType.complex64.floatFormat == nil)
  }
}
