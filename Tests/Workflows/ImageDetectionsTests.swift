import SutureArchitectures
import SutureModelRuntime
import SuturePictures
import Testing

@testable import SutureWorkflows

@Suite struct `What a detector found in a picture` {
  private func found(
    _ box: SIMD4<Float>, _ dialect: ModelDialect, width: Int = 451, height: Int = 300,
    _ preparation: PicturePreparation = .detector(side: 640)
  ) -> ImageDetections {
    let picture = Picture(width: width, height: height, fill: (0, 0, 0))
    return ImageDetections(
      [Detection(index: 1, score: 0.5, box: box)], in: picture, given: (640, 448), preparation, dialect,
      names: ["cat", "dog"], DetectionThresholds(dialect))
  }

  @Test func `has its corners in pixels of the picture, as each program finds them`() {
    // 451×300 becomes 640×426 in 640×448: a border of 11 rows, of 11.14 were sizes no whole numbers.
    let box = SIMD4<Float>(64, 11, 320, 400)
    let gain = 640 / Float(451)
    let five = found(box, .yolov5).boxes[0].box
    #expect(abs(five[0] - 64 / gain) < 1e-4 && five[1] == 0 && abs(five[3] - (400 - 11.1397) / gain) < 1e-3)
    let eight = found(box, .ultralytics).boxes[0].box
    #expect(abs(eight[0] - 64 / gain) < 1e-4 && eight[1] == 0 && abs(eight[3] - 389 * 300 / 426) < 1e-3)
    // Nothing lies outside.
    #expect(found([-50, -50, 900, 900], .yolov5).boxes[0].box == [0, 0, 451, 300])
    #expect(found([1, 2, 3, 4], .yolov5, .unscaled()).boxes[0].box == [1, 2, 3, 4])
  }

  @Test func `is drawn with a frame and its name`() {
    let all = found([64, 64, 320, 320], .ultralytics)
    let black = Picture(width: 451, height: 300, fill: (0, 0, 0))
    let drawn = all.drawn(on: black)
    #expect(drawn != black && all.name(1) == "dog" && all.name(2) == nil)
    // A frame of no extent at the edge is drawn too.
    #expect(found([0, 0, 0, 0], .yolov5).drawn(on: black).width == 451)
  }
}
