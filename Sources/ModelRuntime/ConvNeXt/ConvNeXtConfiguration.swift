public import SutureTensors

/// The size of a ConvNeXt, told by the names and shapes of its tensors.
public struct ConvNeXtConfiguration: Sendable, Equatable {
  /// How many blocks each of the four stages has.
  public let depths: [Int]
  /// How many channels each stage has.
  public let dims: [Int]
  public let inputChannels: Int
  /// How many classes the head tells apart; `nil` for a backbone without one.
  public let classes: Int?
  /// Whose names the tensors have.
  public let scheme: NamingScheme

  /// Recognises the network whose tensors lie under `prefix`.
  ///
  /// - Throws: ``ModelError`` where it is another network, or where what tells the size is missing.
  public init(inferredFrom dict: StateDict, prefix: String = "") throws {
    try Self.refuseOthers(dict, prefix)
    guard let scheme = NamingScheme.find(in: dict, prefix: prefix) else {
      if dict[prefix + NamingScheme.facebook.mark] != nil {
        throw ModelError.missing(key: prefix + "stages.0.0.dwconv.weight")
      }
      throw ModelError.notSupported(
        "this is no ConvNeXt that is known: there is no \(prefix)\(NamingScheme.facebook.mark), nor what stands for "
          + "it in timm, torchvision, transformers or OpenMMLab")
    }
    var (depths, dims): ([Int], [Int]) = ([], [])
    for stage in 0..<4 {
      let convolution = "\(prefix)\(scheme.downsample(stage).convolution).weight"
      guard let tensor = dict[convolution] else { throw ModelError.missing(key: convolution) }
      guard tensor.shape.count == 4, tensor.shape.allSatisfy({ (1...Self.maximumWidth).contains($0) }) else {
        throw ModelError.notSupported("\(convolution) of shape \(tensor.shape) is no convolution's weight")
      }
      dims.append(tensor.shape[0])
      func depthwise(_ block: Int) -> String {
        "\(prefix)\(scheme.block(stage, block)).\(scheme.name(of: .depthwise)).weight"
      }
      var depth = 0
      while dict[depthwise(depth)] != nil { depth += 1 }
      guard depth > 0 else { throw ModelError.missing(key: depthwise(0)) }
      // A block that is there behind one that is not.
      if let later = Self.laterBlock(dict, "\(prefix)\(scheme.block(stage, 0))", from: depth) {
        throw ModelError.notSupported("\(depthwise(depth)) is missing, though \(later) is there")
      }
      depths.append(depth)
    }
    let (norm, head) = scheme.head(under: prefix)
    inputChannels = dict[prefix + scheme.mark]?.shape[1] ?? 3
    classes = dict[norm + ".weight"] == nil ? nil : dict[head + ".weight"]?.shape.first
    (self.depths, self.dims, self.scheme) = (depths, dims, scheme)
  }

  /// A backbone of this size under facebookresearch's names.
  init(depths: [Int], dims: [Int], inputChannels: Int) {
    (self.depths, self.dims, self.inputChannels) = (depths, dims, inputChannels)
    (classes, scheme) = (nil, .facebook)
  }

  /// How many parameters the four stages have, layer scales included.
  var backboneParameterCount: Int {
    var (count, input, kernel) = (0, inputChannels, 16)
    for (depth, width) in zip(depths, dims) {
      // A norm of the stem's output, but of the other layers' input.
      count += width * input * kernel + width + 2 * (kernel == 16 ? width : input)
      count += depth * (58 * width + 8 * width * width)
      (input, kernel) = (width, 4)
    }
    return count
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
    var prefixes: [String] = []
    for name in dict.names {
      for scheme in NamingScheme.allCases where name == scheme.mark || name.hasSuffix("." + scheme.mark) {
        let prefix = String(name.dropLast(scheme.mark.count))
        if !prefixes.contains(prefix), NamingScheme.find(in: dict, prefix: prefix) != nil {
          prefixes.append(prefix)
        }
      }
    }
    return prefixes
  }

  /// A tensor of a block numbered `depth` or more.
  private static func laterBlock(_ dict: StateDict, _ firstBlock: String, from depth: Int) -> String? {
    let start = firstBlock.dropLast()
    return dict.names.first { name in
      guard name.hasPrefix(start) else { return false }
      let rest = name.dropFirst(start.count)
      return rest.contains(".") && Int(rest.prefix { $0 != "." }).map { $0 >= depth } ?? false
    }
  }

  private static func refuseOthers(_ dict: StateDict, _ prefix: String) throws {
    let names = dict.names
    func has(_ part: String) -> Bool { names.contains { $0.contains(part) } }
    if has(".grn.") {
      throw ModelError.notSupported("this is ConvNeXt V2 (it has GRN layers), which is another network")
    }
    guard NamingScheme.find(in: dict, prefix: prefix) == nil else { return }
    if has("blocks.0.dwconv.") || has("blocks.0.conv_dw.") && !has("stages.") {
      throw ModelError.notSupported(
        "this is an isotropic ConvNeXt (its blocks are not in stages), which is another network")
    }
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
