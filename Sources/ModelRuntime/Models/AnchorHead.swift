internal import SutureArchitectures
internal import SutureNumbers
internal import SutureTensors

/// YOLOv5's `Detect`: boxes around anchors.
struct AnchorHead: DetectionHead {
  /// Width and height of each anchor in pixels, level by level.
  let anchors: [[Double]]
  let strides: [Int]
  /// x, y, width, height, objectness, classes.
  let outputsPerAnchor: Int
  var readNames: [String] = []

  private var anchorCount: Int { anchors[0].count / 2 }

  /// N×anchors×H×W×outputs, before the sigmoid.
  func raw(_ map: FeatureMap, _ name: String) -> NetworkOutput {
    let area = map.height * map.width
    var values: [Float] = []
    values.reserveCapacity(map.values.count)
    for image in 0..<map.batch {
      for anchor in 0..<anchorCount {
        for pixel in 0..<area {
          let start = (image * area + pixel) * map.channels + anchor * outputsPerAnchor
          values += map.values[start..<(start + outputsPerAnchor)]
        }
      }
    }
    return NetworkOutput(
      name: name, shape: [map.batch, anchorCount, map.height, map.width, outputsPerAnchor], values: values)
  }

  /// N×boxes×outputs: centre and size in pixels of the image, then probabilities; level by level, anchor by anchor,
  /// row by row.
  func decoded(_ maps: [FeatureMap]) -> NetworkOutput {
    let boxes = maps.reduce(0) { $0 + anchorCount * $1.height * $1.width }
    let batch = maps.first?.batch ?? 0
    var values = [Float](repeating: 0, count: batch * boxes * outputsPerAnchor)
    var place = 0
    for image in 0..<batch {
      for (level, map) in maps.enumerated() {
        for anchor in 0..<anchorCount {
          for pixel in 0..<(map.height * map.width) {
            let start = (image * map.height * map.width + pixel) * map.channels + anchor * outputsPerAnchor
            Exponentials.sigmoids(
              of: map.values, from: start, count: outputsPerAnchor, to: &values, at: place)
            locate(&values, place, level, anchor, x: pixel % map.width, y: pixel / map.width)
            place += outputsPerAnchor
          }
        }
      }
    }
    return NetworkOutput(name: "detect.decoded", shape: [batch, boxes, outputsPerAnchor], values: values)
  }

  /// The score is that there is an object times that it is of the class.
  func candidates(_ decoded: NetworkOutput, over confidence: Float) -> [Detection] {
    (0..<decoded.shape[1]).compactMap { box in
      let own = decoded.values[(box * outputsPerAnchor)..<((box + 1) * outputsPerAnchor)]
      let (start, object) = (own.startIndex, own[own.startIndex + 4])
      guard object > confidence, let (place, score) = own.dropFirst(5).lazy.map({ $0 * object }).largest,
        score > confidence
      else { return nil }
      return Detection(
        index: place, score: score, middle: (own[start], own[start + 1], own[start + 2], own[start + 3]))
    }
  }

  /// Makes a box of the four sigmoids at `place`.
  private func locate(_ values: inout [Float], _ place: Int, _ level: Int, _ anchor: Int, x: Int, y: Int) {
    let stride = Double(strides[level])
    for (axis, pixel) in [x, y].enumerated() {
      let (middle, side) = (Double(values[place + axis]), Double(values[place + 2 + axis]))
      values[place + axis] = Float((2 * middle - 0.5 + Double(pixel)) * stride)
      values[place + 2 + axis] = Float(4 * side * side * anchors[level][2 * anchor + axis])
    }
  }
}

extension AnchorHead {
  /// The anchors in pixels: those of the state dict, which holds them divided by the stride, else those of the file.
  ///
  /// - Parameter layer: the last layer's name.
  init(_ file: ModelFile, _ layer: String, _ weights: StateDict) throws {
    (strides, outputsPerAnchor) = (file.strides, file.header.classes + 5)
    let name = layer + ".anchors"
    guard weights[name] != nil else {
      anchors = file.header.anchors
      return
    }
    readNames = [name]
    let count = file.header.anchors[0].count
    let stored = try Parameter(name, in: weights, shape: [file.strides.count, count / 2, 2]).values()
    anchors = file.strides.enumerated().map { level, stride in
      (0..<count).map { Double(stored[level * count + $0]) * Double(stride) }
    }
  }
}
