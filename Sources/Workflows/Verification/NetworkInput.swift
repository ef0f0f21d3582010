public import SutureCheckpoints
public import SutureModelRuntime
public import SuturePictures
internal import SutureTensors
internal import SutureText

/// The image that a network is given.
public enum NetworkInput: Sendable {
  /// Soft waves and speckle that every run makes alike, N×N pixels.
  case testImage(side: Int = 224)
  /// A picture, prepared as the network takes it where nothing else is said: cropped and normalised for a backbone,
  /// letterboxed for a detector.
  case picture(Picture, PicturePreparation? = nil)
  /// Tensors N×C×H×W: `normalized` for a backbone and `image` for a detector, whose pixels are in [0, 1); or the only
  /// tensor there is, for both.
  case tensors(Checkpoint)
  /// The same map for whatever runs.
  case map(FeatureMap)

  /// The image for a detector, or for a backbone of so many channels.
  ///
  /// - Parameter stride: what the sides of a letterbox are multiples of.
  /// - Throws: an error of the kind ``FailureKind/usage`` where the network takes another number of channels.
  public func image(forDetector: Bool, channels: Int = 3, stride: Int = 32) throws -> FeatureMap {
    switch self {
    case .map(let map): return map
    case .tensors(let checkpoint):
      return try FeatureMap(nchw: Self.tensor(forDetector ? "image" : "normalized", in: checkpoint))
    case .picture where channels != 3, .testImage where channels != 3:
      throw Failure(
        .usage, "the network takes \(channels) channels, and pictures have 3",
        remedies: [.setting("input", "takes an image as a tensor")])
    case .picture(let picture, let preparation):
      return try FeatureMap(picture, Self.preparation(preparation, forDetector: forDetector), stride: stride)
    case .testImage(let side):
      var image = try FeatureMap.testImage(size: side)
      // The test image lies in [−2, 2).
      if forDetector {
        for index in image.values.indices { image.values[index] = (image.values[index] + 2) / 4 }
      }
      return image
    }
  }

  /// The picture as the network sees it; `nil` where there is none.
  func seen(forDetector: Bool) -> Picture? {
    guard case .picture(let picture, let preparation) = self else { return nil }
    return Self.preparation(preparation, forDetector: forDetector).fitted(picture)
  }

  static func preparation(_ wanted: PicturePreparation?, forDetector: Bool) -> PicturePreparation {
    guard forDetector else { return wanted ?? .classifier() }
    if case .detector? = wanted { return wanted ?? .detector() }
    return .detector()
  }

  private static func tensor(_ name: String, in checkpoint: Checkpoint) throws -> Tensor {
    let dict = checkpoint.stateDict
    guard let tensor = dict[name] ?? (dict.count == 1 ? dict.entries[0].tensor : nil) else {
      throw Failure(
        .unreadable, at: FailurePlace(file: checkpoint.path),
        "there is no tensor \"\(name)\", and not just one tensor",
        remedies: ["it holds: \(dict.names.prefix(8).joined(separator: ", "))"])
    }
    return tensor
  }
}
