internal import Checkpoints
internal import ModelRuntime
internal import Tensors

/// Where the images come from that `verify` feeds a network with.
struct VerifyImages {
  private let path: String?
  private let dict: StateDict?
  private let size: Int

  init(input: String?, size: Int, limits: ReadLimits) throws {
    (path, self.size) = (input, size)
    dict = try input.map { try Checkpoint.open($0, limits: limits).stateDict }
  }

  /// The image for a detector, whose pixels are in [0, 1), or for a backbone, which takes them normalised.
  func image(isOfDetector: Bool, channels: Int) throws -> FeatureMap {
    if let path, let dict { return try image(isOfDetector ? "image" : "normalized", in: dict, path) }
    guard channels == 3 else {
      throw UsageError("the network takes \(channels) channels: give an image with --input")
    }
    var image = try FeatureMap.testImage(size: size)
    // The test image lies in [−2, 2).
    if isOfDetector {
      for index in image.values.indices { image.values[index] = (image.values[index] + 2) / 4 }
    }
    return image
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
