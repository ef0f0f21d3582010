internal import SutureArchitectures
public import SutureModelRuntime
public import SuturePictures
internal import SutureJSON
internal import SutureText

/// What a detector found in a picture.
public struct ImageDetections: Sendable {
  /// The boxes in pixels of the picture, the surest first.
  public let boxes: [Detection]
  /// What the classes are called, in their order; `nil` where nobody says it.
  public let names: [String]?
  public let thresholds: DetectionThresholds
  /// The picture's size in pixels.
  public let size: (width: Int, height: Int)

  /// What a class is called.
  public func name(_ index: Int) -> String? {
    names.flatMap { $0.indices.contains(index) ? $0[index] : nil }
  }

  /// - Parameters:
  ///   - found: boxes in pixels of what the network was given, of so many pixels.
  ///   - preparation: how the picture became that.
  init(
    _ found: [Detection], in picture: Picture, given: (width: Int, height: Int),
    _ preparation: PicturePreparation, _ dialect: ModelDialect, names: [String]?,
    _ thresholds: DetectionThresholds
  ) {
    (self.names, self.thresholds, size) = (names, thresholds, (picture.width, picture.height))
    let way: PictureWay
    switch preparation {
    case .detector: way = PictureWay(back: dialect, picture, given)
    case .classifier, .unscaled: way = PictureWay(across: 1, down: 1, left: 0, top: 0)
    }
    let (width, height) = (Float(picture.width), Float(picture.height))
    boxes = found.map { detection in
      let box = way.back(detection.box)
      return Detection(
        index: detection.index, score: detection.score,
        box: box.clamped(lowerBound: .zero, upperBound: SIMD4(width, height, width, height)))
    }
  }

  var json: JSONObject {
    [
      "confidence": thresholds.confidence, "iou": thresholds.overlap, "max_det": thresholds.most,
      "width": size.width, "height": size.height,
      "boxes": boxes.map { detection in
        [
          "index": detection.index, "name": name(detection.index).json, "score": Double(detection.score),
          "box": (0..<4).map { Double(detection.box[$0]) },
        ] as JSONObject
      },
    ]
  }
}

/// The way from pixels of a letterbox back to those of the picture in it.
private struct PictureWay {
  let across: Float
  let down: Float
  let left: Float
  let top: Float

  init(across: Double, down: Double, left: Double, top: Double) {
    (self.across, self.down) = (Float(across), Float(down))
    (self.left, self.top) = (Float(left), Float(top))
  }

  /// As the programs do it: YOLOv5 takes the border for what it would be were sizes no whole numbers, Ultralytics for what
  /// it is.
  init(back dialect: ModelDialect, _ picture: Picture, _ given: (width: Int, height: Int)) {
    let (width, height) = (Double(picture.width), Double(picture.height))
    let (wide, tall) = (Double(given.width), Double(given.height))
    let gain = min(tall / height, wide / width)
    switch dialect {
    case .yolov5:
      self.init(across: gain, down: gain, left: (wide - width * gain) / 2, top: (tall - height * gain) / 2)
    case .ultralytics:
      func inner(_ size: Double) -> Double { max((size * gain).rounded(.toNearestOrEven), 1) }
      func border(_ all: Double, _ inner: Double) -> Double {
        ((all - inner) / 2 - 0.1).rounded(.toNearestOrEven)
      }
      self.init(
        across: inner(width) / width, down: inner(height) / height, left: border(wide, inner(width)),
        top: border(tall, inner(height)))
    }
  }

  func back(_ box: SIMD4<Float>) -> SIMD4<Float> {
    (box - SIMD4(left, top, left, top)) / SIMD4(across, down, across, down)
  }
}

extension ImageDetections {
  /// The picture with its boxes, each with its class and score.
  public func drawn(on picture: Picture) -> Picture {
    var picture = picture
    let thickness = max(2, (picture.width + picture.height) / 600)
    let scale = max(1, thickness / 2)
    // The surest is drawn last, over the others.
    for detection in boxes.reversed() {
      let colour = Self.colours[detection.index % Self.colours.count]
      let place = (0..<4).map { Int(detection.box[$0].rounded()) }
      picture.outline(
        x: place[0], y: place[1], width: place[2] - place[0], height: place[3] - place[1],
        thickness: thickness, colour)
      let name = name(detection.index)?.visible(atMost: 40) ?? "\(detection.index)"
      picture.label(
        "\(name) \(Format.decimal(Double(detection.score), places: 2))", x: place[0], y: place[1],
        scale: scale, colour)
    }
    return picture
  }

  /// Colours that are told apart, and on which dark letters are read.
  private static let colours: [Picture.Colour] = [
    (255, 112, 67), (102, 187, 106), (66, 165, 245), (255, 202, 40), (171, 71, 188), (38, 198, 218),
    (236, 64, 122), (156, 204, 101), (126, 87, 194), (255, 167, 38), (38, 166, 154), (141, 110, 99),
  ]
}
