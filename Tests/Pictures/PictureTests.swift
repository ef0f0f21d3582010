import SutureText
import Testing

@testable import SuturePictures

@Suite struct `A picture` {
  private func gradient(_ width: Int, _ height: Int) -> Picture {
    var picture = Picture(width: width, height: height, fill: (0, 0, 0))
    for y in 0..<height {
      for x in 0..<width {
        picture[x, y] = (UInt8(x * 255 / width), UInt8(y * 255 / height), UInt8((x * y) & 255))
      }
    }
    return picture
  }

  @Test func `comes back from PNG`() throws {
    let picture = gradient(37, 21)
    #expect(try Picture(try picture.png(), name: "p") == picture)
  }

  @Test func `is refused where its file is cut anywhere`() throws {
    let file = try gradient(37, 21).png()
    for count in stride(from: 0, to: file.count - 12, by: 7) {
      #expect(throws: Failure.self) { try Picture(Array(file[..<count]), name: "p") }
    }
  }

  @Test func `is refused where its header asks for too much`() throws {
    // 30,000 × 20,000 in an IHDR whose checksum is right; no pixels.
    let header: [UInt8] = [
      0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 0, 0x75, 0x30,
      0, 0,
      0x4E, 0x20, 8, 2, 0, 0, 0,
    ]
    let file = header + crc(header[12...]) + [0, 0, 0, 0, 0x49, 0x44, 0x41, 0x54, 0x35, 0xAF, 0x06, 0x1E]
    let error = #expect(throws: Failure.self) { try Picture(file, name: "big.png") }
    #expect(error?.description.contains("30000×20000") == true, "\(String(describing: error))")
  }

  private func crc(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var value: UInt32 = .max
    for byte in bytes {
      value ^= UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }
    value = ~value
    return (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
  }

  @Test func `is letterboxed to multiples of the stride`() {
    let boxed = gradient(100, 61).letterboxed(640, stride: 32)
    #expect((boxed.width, boxed.height) == (640, 416))
    #expect(boxed[0, 12] == (114, 114, 114) && boxed[0, 403] == (114, 114, 114))
    #expect(boxed[639, 200] != (114, 114, 114))
    let same = gradient(64, 64).letterboxed(64, stride: 32)
    #expect(same == gradient(64, 64))
  }

  @Test func `is enlarged into a letterbox bit for bit as OpenCV does it, the first and the last row too`() {
    var picture = Picture(width: 7, height: 5, fill: (0, 0, 0))
    for y in 0..<5 {
      for x in 0..<7 {
        picture[x, y] = (
          UInt8((x * 37 + y * 91) & 255), UInt8((x * 53 + y * 17) & 255), UInt8((x * y * 29 + 11) & 255)
        )
      }
    }
    // What cv2.resize(picture, (32, 23)) has, each byte times its place; above it are 4 rows of border.
    let inner = picture.letterboxed(32, stride: 32).rgb.dropFirst(4 * 32 * 3).prefix(23 * 32 * 3)
    #expect(zip(inner, 1...).reduce(0) { $0 + Int($1.0) * $1.1 } == 274_159_780)
    let last: [UInt8] = [108, 68, 11, 108, 68, 11, 110, 70, 16, 118, 82, 42, 126, 94, 67, 134, 105, 92]
    #expect(Array(inner.dropFirst(22 * 32 * 3).prefix(18)) == last)
  }

  @Test func `keeps one colour when it is resized`() {
    let grey = Picture(width: 50, height: 40, fill: (7, 130, 255)).resized(shorterSide: 23)
    #expect((grey.width, grey.height) == (28, 23))
    #expect(grey == Picture(width: 28, height: 23, fill: (7, 130, 255)))
    #expect(gradient(50, 40).centreCropped(20)[0, 0] == gradient(50, 40)[15, 10])
  }

  @Test func `shows viridis from violet to yellow`() {
    #expect(ColourMap.viridis(0) == (71, 1, 85))
    #expect(ColourMap.viridis(.nan) == ColourMap.viridis(0))
    let end = ColourMap.viridis(1)
    #expect(end.red > 240 && end.green > 220 && end.blue < 60)
  }
}
