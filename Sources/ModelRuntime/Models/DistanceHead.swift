internal import SutureBytes
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
  func decoded(_ maps: [MapView]) -> NetworkOutput {
    let batch = maps.first?.shape.batch ?? 0
    let (boxes, rows) = (maps.reduce(0) { $0 + $1.shape.height * $1.shape.width }, 4 + classes)
    var pieces: [Piece] = []
    for image in 0..<batch {
      var first = image * rows * boxes
      for (level, map) in maps.enumerated() {
        let area = map.shape.height * map.shape.width
        for start in stride(from: 0, to: area, by: Piece.size) {
          let pixels = start..<min(start + Piece.size, area)
          pieces.append(Piece(image: image, level: level, pixels: pixels, place: first + start))
        }
        first += area
      }
    }
    let count = batch * rows * boxes
    let values = unsafe [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      // Each piece has boxes of its own.
      nonisolated(unsafe) let start = buffer.baseAddress
      concurrently(pieces.count, workers: CompilerContext.threads) { [pieces] index in
        guard let start = unsafe start else { return }
        let piece = pieces[index]
        unsafe decode(piece, of: maps[piece.level], to: start + piece.place, boxes)
      }
      initialized = count
    }
    return NetworkOutput(name: "detect.decoded", shape: [batch, rows, boxes], values: values)
  }

  /// Some boxes of one level of one image, and where they are among all.
  private struct Piece {
    /// Few enough that a thread's caches hold their scores, which are computed box by box and stored class by class.
    static let size = 64

    let image: Int
    let level: Int
    let pixels: Range<Int>
    let place: Int
  }

  /// - Parameter pitch: how far the numbers of a box lie apart.
  private func decode(_ piece: Piece, of map: MapView, to start: UnsafeMutablePointer<Float>, _ pitch: Int) {
    let (shape, stride) = (map.shape, Double(strides[piece.level]))
    let first = piece.image * shape.height * shape.width
    var scores = [Float](repeating: 0, count: classes * piece.pixels.count)
    var weights = [Float](repeating: 0, count: bins.count)
    for (index, pixel) in piece.pixels.enumerated() {
      let from = unsafe map.start + (first + pixel) * shape.pitch
      func place(_ axis: Int, _ number: Int) {
        let before = unsafe distance(from + axis * bins.count, &weights)
        let behind = unsafe distance(from + (axis + 2) * bins.count, &weights)
        let (low, high) = (Double(number) + 0.5 - before, Double(number) + 0.5 + behind)
        unsafe start[axis * pitch + index] = Float((low + high) / 2 * stride)
        unsafe start[(axis + 2) * pitch + index] = Float((high - low) * stride)
      }
      place(0, pixel % shape.width)
      place(1, pixel / shape.width)
      unsafe scores.withUnsafeMutableBufferPointer { scores in
        guard let scores = scores.baseAddress else { return }
        unsafe Exponentials.sigmoids(of: from + 4 * bins.count, count: classes, to: scores + index * classes)
      }
    }
    for place in 0..<classes {
      let row = unsafe start + (4 + place) * pitch
      for index in 0..<piece.pixels.count { unsafe row[index] = scores[index * classes + place] }
    }
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
  private func distance(_ values: UnsafePointer<Float>, _ weights: inout [Float]) -> Double {
    if bins.count == 1 { return unsafe Double(values[0]) }
    var peak = unsafe values[0]
    for place in 1..<bins.count { peak = unsafe max(peak, values[place]) }
    unsafe Exponentials.powers(of: values, count: bins.count, less: peak, to: &weights)
    var (sum, total) = (0.0, 0.0)
    for place in bins.indices {
      total += Double(weights[place])
      sum += Double(weights[place]) * bins[place]
    }
    return sum / total
  }
}
