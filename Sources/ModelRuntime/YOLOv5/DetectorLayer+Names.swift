extension DetectorLayer {
  /// The names that the module has in a state dict, those included that a forward pass does not read.
  func names(under prefix: String) -> [String] {
    let start = "\(prefix)model.\(index)."
    /// Under its own name, or numbered where it is repeated.
    func repeated(_ names: (String) -> [String]) -> [String] {
      repeats == 1 ? names(start) : (0..<repeats).flatMap { names("\(start)\($0).") }
    }
    switch module {
    case .convNeXtBlock(_, let configuration): return configuration.facebookNames.map { start + $0 }
    case .convolution: return repeated(Self.convolution)
    case .bottleneck: return repeated(Self.bottleneck)
    case .c3(let shape):
      return ["cv1.", "cv2.", "cv3."].flatMap { Self.convolution(start + $0) }
        + (0..<shape.repeats).flatMap { Self.bottleneck("\(start)m.\($0).") }
    case .concat, .upsample: return []
    case .detect:
      // YOLOv5 until October 2021 keeps the anchors in pixels too.
      return [start + "anchors", start + "anchor_grid"]
        + sources.indices.flatMap { ["\(start)m.\($0).weight", "\(start)m.\($0).bias"] }
    }
  }

  private static func convolution(_ start: String) -> [String] {
    [start + "conv.weight"]
      + ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"].map { "\(start)bn.\($0)" }
  }

  private static func bottleneck(_ start: String) -> [String] {
    convolution(start + "cv1.") + convolution(start + "cv2.")
  }
}

extension ConvNeXtConfiguration {
  /// The names of a whole backbone in facebookresearch/ConvNeXt.
  fileprivate var facebookNames: [String] {
    let parameters = { (layer: String) in [layer + ".weight", layer + ".bias"] }
    return (0..<4).flatMap { stage in
      parameters("downsample_layers.\(stage).0") + parameters("downsample_layers.\(stage).1")
        + (0..<depths[stage]).flatMap { block in
          let start = "stages.\(stage).\(block)."
          return [start + "gamma"]
            + ["dwconv", "norm", "pwconv1", "pwconv2"].flatMap { parameters(start + $0) }
        }
    }
  }
}
