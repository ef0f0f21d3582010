internal import SutureArchitectures
internal import SutureBytes
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
  func decoded(_ maps: [MapView]) -> NetworkOutput {
    let boxes = maps.reduce(0) { $0 + anchorCount * $1.shape.height * $1.shape.width }
    let batch = maps.first?.shape.batch ?? 0
    var pieces: [Piece] = []
    var first = 0
    for image in 0..<batch {
      for (level, map) in maps.enumerated() {
        for anchor in 0..<anchorCount {
          pieces.append(Piece(image: image, level: level, anchor: anchor, firstBox: first))
          first += map.shape.height * map.shape.width
        }
      }
    }
    let count = batch * boxes * outputsPerAnchor
    let values = unsafe [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      // Each piece has boxes of its own.
      nonisolated(unsafe) let start = buffer.baseAddress
      concurrently(pieces.count, workers: CompilerContext.threads) { [pieces] index in
        guard let start = unsafe start else { return }
        let piece = pieces[index]
        unsafe decode(piece, of: maps[piece.level], to: start + piece.firstBox * outputsPerAnchor)
      }
      initialized = count
    }
    return NetworkOutput(name: "detect.decoded", shape: [batch, boxes, outputsPerAnchor], values: values)
  }

  /// The boxes around one anchor of one level of one image, and where they are among all.
  private struct Piece {
    let image: Int
    let level: Int
    let anchor: Int
    let firstBox: Int
  }

  private func decode(_ piece: Piece, of map: MapView, to start: UnsafeMutablePointer<Float>) {
    let (shape, area) = (map.shape, map.shape.height * map.shape.width)
    let stride = Double(strides[piece.level])
    let (width, height) = (anchors[piece.level][2 * piece.anchor], anchors[piece.level][2 * piece.anchor + 1])
    for pixel in 0..<area {
      let from =
        unsafe map.start + (piece.image * area + pixel) * shape.pitch + piece.anchor * outputsPerAnchor
      let box = unsafe start + pixel * outputsPerAnchor
      // Whole vectors, of which the rest is what the next box begins with, and written over by it.
      let count = pixel + 1 < area ? (outputsPerAnchor + 15) & ~15 : outputsPerAnchor
      unsafe Exponentials.sigmoids(of: from, count: min(count, 2 * outputsPerAnchor), to: box)
      unsafe locate(box, pixel % shape.width, side: width, stride: stride)
      unsafe locate(box + 1, pixel / shape.width, side: height, stride: stride)
    }
  }

  /// Makes a middle and a side, two places on, of two sigmoids.
  private func locate(_ box: UnsafeMutablePointer<Float>, _ pixel: Int, side: Double, stride: Double) {
    let (middle, share) = unsafe (Double(box[0]), Double(box[2]))
    unsafe box[0] = Float((2 * middle - 0.5 + Double(pixel)) * stride)
    unsafe box[2] = Float(4 * share * share * side)
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
