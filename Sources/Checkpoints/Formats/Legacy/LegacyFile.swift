internal import SutureBytes

/// A checkpoint of the format before PyTorch 1.6, which ``LegacyStream`` reads.
enum LegacyFile: CheckpointFormat {
  static func open(_ input: CheckpointInput) throws -> Checkpoint? {
    guard let file = input.file, let graph = try input.pickle(), LegacyStream.isMagic(graph) else {
      return nil
    }
    let stream = try LegacyStream(file, limits: input.limits)
    return Checkpoint(input, .pytorchLegacy, try stream.contents(key: input.key))
  }
}

extension Checkpoint.Container {
  public static let pytorchLegacy = Self(rawValue: "pytorch-legacy")
}
