public import Tensors

/// The size of a ConvNeXt, told by the names and shapes of its tensors.
public struct ConvNeXtConfiguration: Sendable, Equatable {
  /// How many blocks each of the four stages has.
  public let depths: [Int]
  /// How many channels each stage has.
  public let dims: [Int]
  public let inputChannels: Int
  /// How many classes the head tells apart; `nil` for a backbone without one.
  public let classes: Int?

  /// Recognises the network whose tensors lie under `prefix`, and checks that all are there in the right shape.
  ///
  /// - Throws: ``ModelError``.
  public init(inferredFrom dict: StateDict, prefix: String = "") throws {
    try Self.refuseOthers(dict, prefix)
    var (depths, dims): ([Int], [Int]) = ([], [])
    for stage in 0..<4 {
      let convolution = "\(prefix)downsample_layers.\(stage).\(stage == 0 ? 0 : 1).weight"
      guard let tensor = dict[convolution] else { throw ModelError.missing(key: convolution) }
      guard tensor.shape.count == 4, tensor.shape.allSatisfy({ (1...Self.maximumWidth).contains($0) }) else {
        throw ModelError.notSupported("\(convolution) of shape \(tensor.shape) is no convolution's weight")
      }
      dims.append(tensor.shape[0])
      var depth = 0
      while dict["\(prefix)stages.\(stage).\(depth).dwconv.weight"] != nil { depth += 1 }
      guard depth > 0 else { throw ModelError.missing(key: "\(prefix)stages.\(stage).0.dwconv.weight") }
      depths.append(depth)
    }
    let stem = "\(prefix)downsample_layers.0.0.weight"
    inputChannels = dict[stem]?.shape[1] ?? 3
    classes = dict[prefix + "norm.weight"] == nil ? nil : dict[prefix + "head.weight"]?.shape.first
    (self.depths, self.dims) = (depths, dims)
    for (key, shape) in shapes(prefix) {
      guard let tensor = dict[key] else { throw ModelError.missing(key: key) }
      if tensor.shape != shape { throw ModelError.wrongShape(key: key, expected: shape, found: tensor.shape) }
    }
  }

  /// A stride of 0 lets a few bytes claim any shape; no network is as wide as this.
  private static let maximumWidth = 1 << 20

  /// The name under which the size is published.
  public var variantName: String {
    Self.variants.first { $0.depths == depths && $0.dims == dims }?.name
      ?? "ConvNeXt with depths \(depths) and dims \(dims)"
  }

  /// The prefixes under which whole backbones lie, in the order of the file: one empty prefix for a classifier,
  /// `model.0.` to `model.3.` for what the surgery makes.
  public static func prefixes(in dict: StateDict) -> [String] {
    let mark = "downsample_layers.0.0.weight"
    return dict.names.filter { $0 == mark || $0.hasSuffix("." + mark) }.map {
      String($0.dropLast(mark.count))
    }
  }

  /// Every tensor of the backbone with its shape, and those of the classifier where there is one.
  ///
  /// The layer scale `gamma` may be absent; where it is there, `dict` is checked when it is read.
  private func shapes(_ prefix: String) -> [(String, [Int])] {
    var shapes: [(String, [Int])] = []
    for stage in 0..<4 {
      let (width, input) = (dims[stage], stage == 0 ? inputChannels : dims[stage - 1])
      let (norm, convolution, kernel) = stage == 0 ? (1, 0, 4) : (0, 1, 2)
      let down = "\(prefix)downsample_layers.\(stage)."
      shapes.append(("\(down)\(convolution).weight", [width, input, kernel, kernel]))
      shapes.append(("\(down)\(convolution).bias", [width]))
      for name in ["weight", "bias"] {
        shapes.append(("\(down)\(norm).\(name)", [stage == 0 ? width : input]))
      }
      for block in 0..<depths[stage] {
        let start = "\(prefix)stages.\(stage).\(block)."
        shapes += [
          (start + "dwconv.weight", [width, 1, 7, 7]), (start + "dwconv.bias", [width]),
          (start + "norm.weight", [width]), (start + "norm.bias", [width]),
          (start + "pwconv1.weight", [4 * width, width]), (start + "pwconv1.bias", [4 * width]),
          (start + "pwconv2.weight", [width, 4 * width]), (start + "pwconv2.bias", [width]),
        ]
      }
    }
    if let classes {
      shapes += [
        (prefix + "norm.weight", [dims[3]]), (prefix + "norm.bias", [dims[3]]),
        (prefix + "head.weight", [classes, dims[3]]), (prefix + "head.bias", [classes]),
      ]
    }
    return shapes
  }

  private static func refuseOthers(_ dict: StateDict, _ prefix: String) throws {
    let names = dict.names
    func has(_ part: String) -> Bool { names.contains { $0.contains(part) } }
    if has(".grn.") {
      throw ModelError.notSupported("this is ConvNeXt V2 (it has GRN layers), which is another network")
    }
    if dict[prefix + "downsample_layers.0.0.weight"] != nil { return }
    let schemes = [
      ("conv_dw.", "timm's"), ("features.1.0.block.", "torchvision's"),
      ("layer_scale_parameter", "transformers'"),
      ("depthwise_conv.", "OpenMMLab's"),
    ]
    if let (_, owner) = schemes.first(where: { has($0.0) }) {
      throw ModelError.notSupported(
        "this looks like ConvNeXt under \(owner) names; verify knows those of facebookresearch/ConvNeXt so far"
      )
    }
    if has("blocks.0.dwconv.") {
      throw ModelError.notSupported("this is an isotropic ConvNeXt, which is another network")
    }
    throw ModelError.notSupported("this is no ConvNeXt: there is no downsample_layers.0.0.weight")
  }

  private static let variants: [(name: String, depths: [Int], dims: [Int])] = [
    ("ConvNeXt-Atto", [2, 2, 6, 2], [40, 80, 160, 320]),
    ("ConvNeXt-Femto", [2, 2, 6, 2], [48, 96, 192, 384]),
    ("ConvNeXt-Pico", [2, 2, 6, 2], [64, 128, 256, 512]),
    ("ConvNeXt-Nano", [2, 2, 8, 2], [80, 160, 320, 640]),
    ("ConvNeXt-T", [3, 3, 9, 3], [96, 192, 384, 768]), ("ConvNeXt-S", [3, 3, 27, 3], [96, 192, 384, 768]),
    ("ConvNeXt-B", [3, 3, 27, 3], [128, 256, 512, 1024]),
    ("ConvNeXt-L", [3, 3, 27, 3], [192, 384, 768, 1536]),
    ("ConvNeXt-XL", [3, 3, 27, 3], [256, 512, 1024, 2048]),
  ]
}
