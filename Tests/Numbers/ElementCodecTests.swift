import SutureNumbers
import Testing

@Suite struct `The codec of elements` {
  private static let integers: [ElementCodec] = [1, 2, 4, 8].flatMap {
    [ElementCodec(.signed(byteCount: $0)), ElementCodec(.unsigned(byteCount: $0))]
  }

  @Test(arguments: integers + [ElementCodec(.bool)] + FloatFormat.allCases.map { ElementCodec(.float($0)) })
  func `reads what it wrote`(codec: ElementCodec) throws {
    for value in [0.0, 1] where value > 0 || codec.number != .float(.float8_e8m0fnu) {
      let bytes = try #require(codec.encode(value))
      #expect(bytes.count == codec.byteCount)
      #expect(codec.decode(bytes) == [value])
    }
  }

  @Test func `reads little-endian, with a sign where there is one`() {
    let bytes: [UInt8] = [0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]
    #expect(ElementCodec(.signed(byteCount: 8)).integers(bytes) == [-2])
    #expect(ElementCodec(.unsigned(byteCount: 8)).integers(bytes) == nil)
    #expect(ElementCodec(.unsigned(byteCount: 8)).decode(bytes) == [0x1p64])
    #expect(ElementCodec(.signed(byteCount: 2)).decode(bytes) == [-2, -1, -1, -1])
    #expect(ElementCodec(.unsigned(byteCount: 4)).integers(bytes) == [0xFFFF_FFFE, 0xFFFF_FFFF])
    #expect(ElementCodec(.bool).decode([0, 1, 7]) == [0, 1, 1])
  }

  @Test func `has two numbers for a complex element, and no bytes for one number of it`() {
    let codec = ElementCodec(.float(.float16), width: 2)
    #expect(codec.byteCount == 4)
    #expect(codec.decode([0, 0x3C, 0, 0xC0], count: 1) == [1, -2])
    #expect(codec.encode(1) == nil)
    #expect(codec.floats([0, 0x3C, 0, 0xC0]) == nil)
  }

  @Test func `refuses numbers that the elements cannot be`() {
    #expect(ElementCodec(.unsigned(byteCount: 1)).encode(256) == nil)
    #expect(ElementCodec(.unsigned(byteCount: 1)).encode(-1) == nil)
    #expect(ElementCodec(.signed(byteCount: 4)).encode(0.5) == nil)
    #expect(ElementCodec(.bool).encode(2) == nil)
    #expect(ElementCodec(.float(.float16)).encode(1e6) == nil)
    #expect(ElementCodec(.float(.float16)).encode(.infinity) == [0, 0x7C])
  }

  @Test func `rounds doubles to single precision as the machine does`() {
    let values = [0.1, 1e300, -0.0, 3]
    let codec = ElementCodec(.float(.float64))
    var bytes = [UInt8](repeating: 0, count: 32)
    codec.encode(values, into: &bytes)
    #expect(codec.floats(bytes)?.map(\.bitPattern) == values.map { Float($0).bitPattern })
  }
}
