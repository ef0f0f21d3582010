internal import SutureCheckpoints
internal import SutureModelRuntime
internal import SuturePictures
internal import SutureTensors

/// Where the images come from that `verify` feeds a network with.
struct VerifyImages {
  /// What the command line says of them.
  struct Options {
    var input: String?
    var picture: String?
    var size: String?
    var resize: String?
    var letterbox: String?
  }

  private let options: Options
  private let dict: StateDict?
  private let picture: Picture?
  private let size: Int
  private let resize: Int
  private let letterbox: Int?

  /// The mean and deviation of ImageNet's pixels, which classifiers are trained with.
  private static let mean: [Float] = [0.485, 0.456, 0.406]
  private static let deviation: [Float] = [0.229, 0.224, 0.225]

  init(_ options: Options, limits: ReadLimits) throws {
    self.options = options
    size = try EngineOptions.number(options.size, "--size", 1...Picture.maximumSide) ?? 224
    // Half rounded down, as int() does: 256 for 224.
    resize =
      try EngineOptions.number(options.resize, "--resize", 1...Picture.maximumSide)
      ?? min(size * 256 / 224, Picture.maximumSide)
    letterbox = try EngineOptions.number(options.letterbox, "--letterbox", 32...Picture.maximumSide)
    guard options.input == nil || options.picture == nil else {
      throw UsageError("give --input or --image, not both")
    }
    if options.picture == nil, options.letterbox != nil || options.resize != nil {
      throw UsageError("--letterbox and --resize change --image FILE, and there is none")
    }
    guard options.resize == nil || options.letterbox == nil else {
      throw UsageError("--resize and --letterbox exclude each other")
    }
    dict = try options.input.map { try Checkpoint.open($0, limits: limits).stateDict }
    picture = try options.picture.map { try Picture(path: $0) }
  }

  var isPicture: Bool { picture != nil }

  /// How large the test image is, where no other is given.
  var testSide: Int? { dict == nil && picture == nil ? size : nil }

  /// What was made of the picture.
  var note: String? {
    guard let picture, let path = options.picture else { return nil }
    return "\(path): \(picture.width)×\(picture.height) pixels"
  }

  /// The image for a detector, whose pixels are in [0, 1), or for a backbone, which takes them normalised.
  func image(isOfDetector: Bool, channels: Int) throws -> FeatureMap {
    if let path = options.input, let dict {
      return try image(isOfDetector ? "image" : "normalized", in: dict, path)
    }
    guard channels == 3 else {
      throw UsageError("the network takes \(channels) channels: give an image with --input")
    }
    if let seen = seen(isOfDetector: isOfDetector) {
      return try Self.map(seen, isNormalized: letterbox == nil && !isOfDetector)
    }
    var image = try FeatureMap.testImage(size: size)
    // The test image lies in [−2, 2).
    if isOfDetector {
      for index in image.values.indices { image.values[index] = (image.values[index] + 2) / 4 }
    }
    return image
  }

  /// The picture as the network sees it: cropped, or in its letterbox.
  func seen(isOfDetector: Bool) -> Picture? {
    guard let picture else { return nil }
    if let side = letterbox ?? (isOfDetector ? 640 : nil) { return picture.letterboxed(side, stride: 32) }
    return picture.resized(shorterSide: resize).centreCropped(size)
  }

  private static func map(_ picture: Picture, isNormalized: Bool) throws -> FeatureMap {
    var map = try FeatureMap(batch: 1, height: picture.height, width: picture.width, channels: 3)
    for (index, byte) in picture.rgb.enumerated() {
      let value = Float(byte) / 255
      map.values[index] = isNormalized ? (value - mean[index % 3]) / deviation[index % 3] : value
    }
    return map
  }

  private func image(_ name: String, in dict: StateDict, _ path: String) throws -> FeatureMap {
    guard let tensor = dict[name] ?? (dict.count == 1 ? dict.entries[0].tensor : nil) else {
      throw CheckpointError(
        path, "there is no tensor \"\(name)\", and not just one tensor",
        hints: ["it holds: \(dict.names.prefix(8).joined(separator: ", "))"])
    }
    return try FeatureMap(nchw: tensor)
  }
}
