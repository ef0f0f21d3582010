import SutureArchitectures
import SutureTensors
import Testing

@testable import SutureModelRuntime

@Suite struct `Boxes that a detector found` {
  private func detection(_ index: Int, _ score: Float, _ box: SIMD4<Float>) -> Detection {
    Detection(index: index, score: score, box: box)
  }

  @Test func `are left where no surer box of their class overlaps them by more`() {
    let boxes = [
      detection(0, 0.6, [0, 0, 10, 10]), detection(0, 0.9, [1, 0, 11, 10]),
      detection(1, 0.5, [0, 0, 10, 10]),
      detection(0, 0.4, [30, 30, 40, 40]),
    ]
    #expect(
      Suppression.left(of: boxes, overlap: 0.5, most: 10).map(\.score) == [0.9, 0.5, 0.4])
    // They overlap by 9/11.
    #expect(Suppression.left(of: boxes, overlap: 0.82, most: 10).count == 4)
    #expect(Suppression.left(of: boxes, overlap: 0.5, most: 2).map(\.score) == [0.9, 0.5])
  }

  @Test func `have the score of their likeliest class, and none that is no number`() throws {
    let head = try DistanceHead(strides: [8], bins: 1, classes: 2, "detect", StateDict())
    let nan = Float.nan
    // Rows: x, y, width, height, two classes; a box a column.
    let decoded = NetworkOutput(
      name: "detect.decoded", shape: [1, 6, 5],
      values: [
        10, 10, nan, 10, .infinity, 10, 10, 10, 10, 10, 4, 4, 4, 4, 4, 2, 2, 2, 2, 2,
        0.3, 0.2, 0.9, nan, 0.9, 0.6, 0.25, 0.1, 0.9, 0.1,
      ])
    #expect(
      head.candidates(decoded, over: 0.25) == [Detection(index: 1, score: 0.6, box: [8, 9, 12, 11])])
  }

  @Test func `of YOLOv5 are as sure as that there is an object of the class`() {
    let head = AnchorHead(anchors: [[10, 20]], strides: [8], outputsPerAnchor: 7)
    let decoded = NetworkOutput(
      name: "detect.decoded", shape: [1, 3, 7],
      values: [
        10, 10, 4, 2, 0.8, 0.5, 0.25, 10, 10, 4, 2, 0.2, 1, 1, 10, 10, 4, 2, 0.8, 0.3, 0.1,
      ])
    #expect(
      head.candidates(decoded, over: 0.25) == [Detection(index: 0, score: 0.4, box: [8, 9, 12, 11])])
  }

  @Test func `are found among very many without many comparisons`() {
    var state: UInt32 = 1
    func next() -> Float {
      state = state &* 1_664_525 &+ 1_013_904_223
      return Float(state >> 8) / 16_777_216
    }
    let boxes = (0..<200_000).map { _ in
      let (x, y) = (next() * 600, next() * 600)
      return detection(Int(next() * 80), next(), [x, y, x + 20, y + 20])
    }
    let left = Suppression.left(of: boxes, overlap: 0.7, most: 300)
    #expect(left.count == 300 && left.map(\.score) == left.map(\.score).sorted(by: >))
  }
}
