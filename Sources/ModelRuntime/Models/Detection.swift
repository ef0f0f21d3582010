public import SutureArchitectures

/// A box that a detector found in an image.
public struct Detection: Sendable, Equatable {
  /// The number of the class that is likeliest.
  public let index: Int
  /// How sure it is: from 0 to 1.
  public let score: Float
  /// Left, top, right and bottom in pixels.
  public let box: SIMD4<Float>

  package init(index: Int, score: Float, box: SIMD4<Float>) {
    (self.index, self.score, self.box) = (index, score, box)
  }

  /// - Parameter middle: centre and size.
  /// - Returns: `nil` where the corners are no numbers, or not finite.
  init?(index: Int, score: Float, middle: (x: Float, y: Float, width: Float, height: Float)) {
    let (across, down) = (middle.width / 2, middle.height / 2)
    let box = SIMD4(middle.x - across, middle.y - down, middle.x + across, middle.y + down)
    guard (0..<4).allSatisfy({ box[$0].isFinite }) else { return nil }
    self.init(index: index, score: score, box: box)
  }
}

/// Which of a detector's boxes count.
public struct DetectionThresholds: Sendable, Equatable {
  /// A box with a smaller score, or the same, is none.
  public var confidence: Double
  /// Of two boxes of a class that overlap more than that (intersection over union) the one with the larger score counts.
  public var overlap: Double
  /// No more than these.
  public var most: Int

  /// What the program takes that the model file is of, where nobody says anything else.
  public init(_ dialect: ModelDialect) {
    switch dialect {
    case .yolov5: (confidence, overlap, most) = (0.25, 0.45, 1000)
    case .ultralytics: (confidence, overlap, most) = (0.25, 0.7, 300)
    }
  }
}

extension DetectionModel {
  /// The boxes that are left of an image's after non-maximum suppression, the surest first, in pixels of what the network
  /// was given.
  ///
  /// As YOLOv5 and Ultralytics do it: each box with its likeliest class, class by class. What has scores or corners that are
  /// not finite is no box.
  ///
  /// - Parameter decoded: the output `detect.decoded`, of which the first image counts.
  /// - Complexity: O(*n* log *n*) for *n* boxes, and 30 000 comparisons for each that is left.
  public func detections(in decoded: NetworkOutput, _ thresholds: DetectionThresholds) -> [Detection] {
    Suppression.left(
      of: head.candidates(decoded, over: Float(thresholds.confidence)), overlap: thresholds.overlap,
      most: thresholds.most)
  }
}

/// Non-maximum suppression.
enum Suppression {
  /// As many of the surest boxes are looked at.
  private static let mostCandidates = 30_000
  /// What boxes of one class and of the next are moved apart by, so that they do not overlap.
  private static let classOffset: Float = 7680

  static func left(of candidates: [Detection], overlap: Double, most: Int) -> [Detection] {
    let order = candidates.indices.sorted {
      // Of equal ones the first, so that it is the same on every machine.
      candidates[$0].score != candidates[$1].score ? candidates[$0].score > candidates[$1].score : $0 < $1
    }.prefix(mostCandidates)
    let boxes = order.map { place in
      candidates[place].box + Float(candidates[place].index) * classOffset
    }
    let areas = boxes.map { ($0[2] - $0[0]) * ($0[3] - $0[1]) }
    var isOut = [Bool](repeating: false, count: boxes.count)
    var left: [Detection] = []
    for place in boxes.indices where !isOut[place] && left.count < most {
      left.append(candidates[order[place]])
      let own = boxes[place]
      for other in boxes.indices.dropFirst(place + 1) where !isOut[other] {
        let box = boxes[other]
        let across = max(0, min(own[2], box[2]) - max(own[0], box[0]))
        let down = max(0, min(own[3], box[3]) - max(own[1], box[1]))
        let common = across * down
        isOut[other] = Double(common / (areas[place] + areas[other] - common)) > overlap
      }
    }
    return left
  }
}

extension Sequence<Float> {
  /// The place of the largest and what it is; `nil` where there is none, or one is no number.
  var largest: (place: Int, value: Float)? {
    var found: (place: Int, value: Float)?
    for (place, value) in enumerated() {
      if value.isNaN { return nil }
      if value > found?.value ?? -.infinity { found = (place, value) }
    }
    return found
  }
}
