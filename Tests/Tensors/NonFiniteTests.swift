import TestSupport
import Testing

@testable import SutureTensors

@Suite struct `Numbers that are not finite` {
  @Test func `are counted with their first place`() throws {
    let tensor = try Tensor(floats: [1, 2, 3, -.infinity, .nan, .infinity], shape: [2, 3])
    let found = try tensor.nonFinite()
    #expect(found.nanCount == 1 && found.infinityCount == 2)
    #expect(found.firstIndex == [1, 0] && !found.firstIsNaN)
  }

  @Test func `are placed in row-major order of the view`() throws {
    let whole = try Tensor(floats: [1, .nan, 3, 4, 5, 6], shape: [2, 3])
    let turned = try Tensor(whole.storage, dtype: .float32, shape: [3, 2], strides: [1, 3], offset: 0)
    #expect(try turned.nonFinite().firstIndex == [1, 0])
  }

  @Test(
    arguments: [
      (.float64, [[0, 0, 0, 0, 0, 0, 0xF8, 0x7F], [0, 0, 0, 0, 0, 0, 0xF0, 0xFF]], 1, 1),
      (.float16, [[0, 0x7C], [1, 0xFC], [0xFF, 0x7B]], 1, 1),
      (.bfloat16, [[0x80, 0x7F], [0xC0, 0x7F], [0, 0x7F]], 1, 1),
      (.float8_e5m2, [[0x7C], [0xFD], [0x7B]], 1, 1),
      (.float8_e4m3fn, [[0x7F], [0xFF], [0x7E], [0x78]], 2, 0),
      (.float8_e4m3fnuz, [[0x80], [0x7F], [0xFF]], 1, 0), (.float8_e5m2fnuz, [[0x80], [0x7F]], 1, 0),
      (.float8_e8m0fnu, [[0xFF], [0xFE], [0]], 1, 0),
      (.complex32, [[0, 0x7C, 1, 0x7C], [0, 0, 0, 0x7C]], 1, 1),
      (.int32, [[0, 0, 0x80, 0x7F]], 0, 0), (.bool, [[0xFF]], 0, 0), (.qint8, [[0x80]], 0, 0),
    ] as [(DType, [[UInt8]], Int, Int)])
  func `are known in every dtype`(dtype: DType, elements: [[UInt8]], nans: Int, infinities: Int) throws {
    let tensor = try Tensor(Storage(elements.flatMap { $0 }), dtype: dtype, shape: [elements.count])
    let found = try tensor.nonFinite()
    #expect(found.nanCount == nans && found.infinityCount == infinities)
  }

  @Test func `agree with the statistics over random bytes`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = Seeded(seed)
    for dtype in DType.allCases where dtype.floatFormat != nil {
      let bytes = (0..<4096).map { _ in UInt8.random(in: 0...255, using: &generator) }
      let tensor = try Tensor(Storage(bytes), dtype: dtype, shape: [4096 / dtype.byteCount])
      let (found, statistics) = (try tensor.nonFinite(), try tensor.statistics())
      #expect(found.nanCount == statistics.nanCount, "\(dtype), seed \(seed)")
      #expect(found.infinityCount == statistics.infinityCount, "\(dtype), seed \(seed)")
    }
  }

  @Test func `have statistics beside them`() throws {
    let tensor = try Tensor(floats: [0, -1, 3, .nan, 2], shape: [5])
    let statistics = try tensor.statistics()
    #expect(statistics.minimum == -1 && statistics.maximum == 3 && statistics.mean == 1)
    #expect(abs((statistics.deviation ?? 0) - 2.5.squareRoot()) < 1e-12)
    #expect(statistics.zeroCount == 1 && statistics.nanCount == 1 && statistics.infinityCount == 0)
    #expect(throws: TensorError.self) {
      try Tensor(Storage([0, 0, 0, 0]), dtype: .complex32, shape: [1]).statistics()
    }
  }
}
