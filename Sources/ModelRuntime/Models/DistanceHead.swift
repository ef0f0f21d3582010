internal import SutureNumbers
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
    var scores = [Float](repeating: 0, count: classes)
    var weights = [Float](repeating: 0, count: bins.count)
    for image in 0..<batch {
      var box = image * rows * boxes
      for (level, map) in maps.enumerated() {
        let stride = Double(strides[level])
        for pixel in 0..<(map.height * map.width) {
          let start = (image * map.height * map.width + pixel) * map.channels
          for (axis, number) in [pixel % map.width, pixel / map.width].enumerated() {
            let before = distance(map.values, start + axis * bins.count, &weights)
            let behind = distance(map.values, start + (axis + 2) * bins.count, &weights)
            let (low, high) = (Double(number) + 0.5 - before, Double(number) + 0.5 + behind)
            values[axis * boxes + box] = Float((low + high) / 2 * stride)
            values[(axis + 2) * boxes + box] = Float((high - low) * stride)
          }
          Exponentials.sigmoids(
            of: map.values, from: start + 4 * bins.count, count: classes, to: &scores, at: 0)
          for place in 0..<classes { values[(4 + place) * boxes + box] = scores[place] }
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

  /// The mean of the bins, by the softmax of their scores.
  private func distance(_ values: [Float], _ start: Int, _ weights: inout [Float]) -> Double {
    if bins.count == 1 { return Double(values[start]) }
    var peak = values[start]
    for place in 1..<bins.count { peak = max(peak, values[start + place]) }
    Exponentials.powers(of: values, from: start, count: bins.count, less: peak, to: &weights)
    var (sum, total) = (0.0, 0.0)
    for place in bins.indices {
      total += Double(weights[place])
      sum += Double(weights[place]) * bins[place]
    }
    return sum / total
  }
}
