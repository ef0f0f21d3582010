internal import Glibc
internal import SutureTensors

/// Ultralytics' `Detect`: the distances of a box's sides from the middle of its pixel, each a distribution over bins of
/// which the mean counts, and the scores of the classes.
///
/// Li et al., Generalized Focal Loss, 2020.
struct DistanceHead: DetectionHead {
  let strides: [Int]
  let classes: Int
  /// What each bin stands for, in pixels of the level; one where the distance itself is given.
  let bins: [Double]
  let readNames: [String]

  init(strides: [Int], bins: Int, classes: Int, _ name: String, _ weights: StateDict) throws {
    (self.strides, self.classes) = (strides, classes)
    guard bins > 1 else {
      (self.bins, readNames) = ([1], [])
      return
    }
    readNames = [name + ".dfl.conv.weight"]
    self.bins = try Parameter(readNames[0], in: weights, shape: [1, bins, 1, 1]).values().map { Double($0) }
  }

  /// N×(4 · bins + classes)×H×W.
  func raw(_ map: FeatureMap, _ name: String) -> NetworkOutput { NetworkOutput(name, map) }

  /// N×(4 + classes)×boxes: centre and size in pixels of the image, then probabilities; level by level, row by row.
  func decoded(_ maps: [FeatureMap]) -> NetworkOutput {
    let batch = maps.first?.batch ?? 0
    let (boxes, rows) = (maps.reduce(0) { $0 + $1.height * $1.width }, 4 + classes)
    var values = [Float](repeating: 0, count: batch * rows * boxes)
    for image in 0..<batch {
      var box = 0
      for (level, map) in maps.enumerated() {
        for pixel in 0..<(map.height * map.width) {
          let start = (image * map.height * map.width + pixel) * map.channels
          let own = self.box(
            map.values[start...], x: Double(pixel % map.width), y: Double(pixel / map.width))
          for (row, value) in own.enumerated() {
            values[(image * rows + row) * boxes + box] = Float(value * Double(strides[level]))
          }
          for place in 0..<classes {
            let score = Double(map.values[start + 4 * bins.count + place])
            values[(image * rows + 4 + place) * boxes + box] = Float(1 / (1 + exp(-score)))
          }
          box += 1
        }
      }
    }
    return NetworkOutput(name: "detect.decoded", shape: [batch, rows, boxes], values: values)
  }

  func candidates(_ decoded: NetworkOutput, over confidence: Float) -> [Detection] {
    let count = decoded.shape[2]
    func value(_ row: Int, _ box: Int) -> Float { decoded.values[row * count + box] }
    return (0..<count).compactMap { box in
      guard let (place, score) = (0..<classes).lazy.map({ value(4 + $0, box) }).largest, score > confidence
      else { return nil }
      return Detection(
        index: place, score: score, middle: (value(0, box), value(1, box), value(2, box), value(3, box)))
    }
  }

  /// Centre and size in pixels of the level.
  private func box(_ raw: ArraySlice<Float>, x: Double, y: Double) -> [Double] {
    let sides = (0..<4).map { distance(raw.dropFirst($0 * bins.count).prefix(bins.count)) }
    let (left, top, right, bottom) = (
      x + 0.5 - sides[0], y + 0.5 - sides[1], x + 0.5 + sides[2], y + 0.5 + sides[3]
    )
    return [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]
  }

  /// The mean of the bins, by the softmax of their scores.
  private func distance(_ scores: ArraySlice<Float>) -> Double {
    if bins.count == 1 { return Double(scores.first ?? 0) }
    let peak = Double(scores.max() ?? 0)
    var (sum, total) = (0.0, 0.0)
    for (score, bin) in zip(scores, bins) {
      let weight = exp(Double(score) - peak)
      total += weight
      sum += weight * bin
    }
    return sum / total
  }
}
