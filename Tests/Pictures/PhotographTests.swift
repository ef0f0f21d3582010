import SutureBytes
import SutureText
import TestSupport
import Testing

@testable import SuturePictures

/// Against what PIL and OpenCV made of the same files; Fixtures/Photos/make_resized.py asked them.
@Suite struct `A photograph` {
  private func photo(_ name: String) throws -> Picture {
    try Picture(path: "\(projectFolder)/Fixtures/Photos/\(name)")
  }

  /// The largest difference of two pictures of one size.
  private func distance(_ one: Picture, _ other: Picture) -> Int {
    #expect((one.width, one.height) == (other.width, other.height))
    return zip(one.rgb, other.rgb).map { abs(Int($0) - Int($1)) }.max() ?? 0
  }

  @Test func `is resized and cropped as torchvision does it on a PIL image, bit for bit`() throws {
    let ours = try photo("chelsea.png").resized(shorterSide: 73).centreCropped(64)
    #expect(distance(ours, try photo("chelsea.cropped.png")) == 0)
  }

  @Test func `is decoded from JPEG as PIL decodes it`() throws {
    let truth = try photo("rocket.decoded.png")
    let whole = try photo("rocket.jpg")
    #expect((whole.width, whole.height) == (640, 427))
    var ours = Picture(width: 64, height: 48, fill: (0, 0, 0))
    for y in 0..<48 { for x in 0..<64 { ours[x, y] = whole[x, y] } }
    // One libjpeg-turbo and another may round a colour differently.
    #expect(distance(ours, truth) <= 1)
  }

  @Test func `is letterboxed as YOLOv5 does it with OpenCV`() throws {
    #expect(distance(try photo("rocket.jpg").letterboxed(96, stride: 32), try photo("rocket.boxed.png")) <= 2)
  }

  @Test func `is refused where its file is cut`() throws {
    let bytes = try contents(of: "\(projectFolder)/Fixtures/Photos/rocket.jpg")
    for count in stride(from: 0, to: bytes.count - 2, by: 9001) {
      #expect(throws: Failure.self) { try Picture(Array(bytes[..<count]), name: "cut.jpg") }
    }
  }
}
