public import SutureModelRuntime
public import SuturePictures

/// How a picture becomes what a network takes.
public enum PicturePreparation: Sendable, Equatable {
  /// Scaled to a shorter side of `resize`, 256/224 of `size` where not given; then the middle `size`×`size` pixels,
  /// normalised by the mean and deviation of ImageNet: what torchvision does for classifiers.
  case classifier(size: Int = 224, resize: Int? = nil)
  /// Fitted into `side`×`side` with a grey border up to multiples of 32, or of the largest stride, in [0, 1]: what YOLOv5 and
  /// Ultralytics do.
  case detector(side: Int = 640)
  /// As large as it is: normalised by the mean and deviation of ImageNet, or in [0, 1].
  case unscaled(isNormalized: Bool = true)

  /// The picture cropped, or in its letterbox.
  func fitted(_ picture: Picture, stride: Int = 32) -> Picture {
    switch self {
    case .unscaled: return picture
    case .detector(let side):
      return picture.letterboxed((side + stride - 1) / stride * stride, stride: stride)
    case .classifier(let size, let resize):
      // Half rounded down, as int() does: 256 for 224.
      let shorter = resize ?? min(size * 256 / 224, Picture.maximumSide)
      return picture.resized(shorterSide: shorter).centreCropped(size)
    }
  }

  fileprivate var isNormalized: Bool {
    switch self {
    case .classifier, .unscaled(isNormalized: true): true
    case .detector, .unscaled(isNormalized: false): false
    }
  }
}

extension FeatureMap {
  /// A picture as a network takes it: one image of three channels.
  ///
  /// - Parameter stride: what the sides of a letterbox are multiples of.
  public init(_ picture: Picture, _ preparation: PicturePreparation = .classifier(), stride: Int = 32) throws
  {
    let seen = preparation.fitted(picture, stride: stride)
    // Of ImageNet's pixels, which classifiers are trained with.
    let (mean, deviation): ([Float], [Float]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    try self.init(batch: 1, height: seen.height, width: seen.width, channels: 3)
    let isNormalized = preparation.isNormalized
    for (index, byte) in seen.rgb.enumerated() {
      let value = Float(byte) / 255
      values[index] = isNormalized ? (value - mean[index % 3]) / deviation[index % 3] : value
    }
  }
}
