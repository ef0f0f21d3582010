public import SutureTensors
internal import SutureText

/// The size of a ConvNeXt, inferred from the names and shapes of its tensors.
///
/// Liu et al., A ConvNet for the 2020s, 2022.
public struct ConvNeXtConfiguration: Sendable, Equatable {
  /// How many blocks each of the four stages has.
  public let depths: [Int]
  /// How many channels each stage has.
  public let dims: [Int]
  public let inputChannels: Int
  /// How many classes the head has; `nil` for a backbone without one.
  public let classes: Int?
  /// Whose names the tensors have.
  public let scheme: NamingScheme

  /// What the norms add to the variance, but for transformers' last.
  package static let epsilon = 1e-6

  /// A backbone of this size under facebookresearch's names.
  package init(depths: [Int], dims: [Int], inputChannels: Int) {
    (self.depths, self.dims, self.inputChannels) = (depths, dims, inputChannels)
    (classes, scheme) = (nil, .facebookresearch)
  }

  /// The name under which the size is published.
  public var variantName: String {
    Self.variants.first { $0.depths == depths && $0.dims == dims }?.name
      ?? "ConvNeXt with depths \(depths) and dims \(dims)"
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

// MARK: Inference

extension ConvNeXtConfiguration {
  /// Recognises the network whose tensors lie under `prefix`.
  ///
  /// - Throws: ``ModelError`` where it is another network, or where a tensor that the size is inferred from is missing.
  public init(inferredFrom dict: StateDict, prefix: String = "") throws {
    let known = NamingScheme.find(in: dict, prefix: prefix)
    try Self.refuseOthers(dict.names, isKnown: known != nil)
    guard let scheme = known else {
      let usual = NamingScheme.facebookresearch
      if dict[prefix + usual.mark] != nil {
        throw ModelError.missing(key: usual.module(.depthwise, under: prefix) + ".weight")
      }
      let others = NamingScheme.libraries.dropFirst()
      throw ModelError.notSupported(
        "this is no ConvNeXt that is known: there is no \(prefix)\(usual.mark), nor what stands for it in "
          + "\(others.dropLast().joined(separator: ", ")) or \(others.last ?? "")")
    }
    var dims: [Int] = []
    for stage in 0..<4 {
      let part = ConvNeXtKey.Part.downsampling(stage).convolution
      let convolution = scheme.module(part, stage: stage, under: prefix) + ".weight"
      guard let tensor = dict[convolution] else { throw ModelError.missing(key: convolution) }
      guard tensor.shape.count == 4, tensor.shape.allSatisfy({ (1...Self.maximumWidth).contains($0) }) else {
        throw ModelError.notSupported("\(convolution) of shape \(tensor.shape) is no convolution's weight")
      }
      dims.append(tensor.shape[0])
    }
    depths = try Self.depths(dict, prefix, scheme)
    let (norm, head) = (
      scheme.module(.finalNorm, under: prefix), scheme.module(.classifier, under: prefix)
    )
    inputChannels = dict[prefix + scheme.mark]?.shape[1] ?? 3
    classes = dict[norm + ".weight"] == nil ? nil : dict[head + ".weight"]?.shape.first
    (self.dims, self.scheme) = (dims, scheme)
  }

  /// A stride of 0 lets a few bytes claim any shape; no network is as wide as this.
  private static let maximumWidth = 1 << 20

  /// How many blocks each stage has, which are numbered without a gap.
  private static func depths(
    _ dict: StateDict, _ prefix: String, _ scheme: NamingScheme
  ) throws -> [Int] {
    func depthwise(_ stage: Int, _ block: Int) -> String {
      scheme.module(.depthwise, stage: stage, block: block, under: prefix) + ".weight"
    }
    let depths = try (0..<4).map { stage in
      var depth = 0
      while dict[depthwise(stage, depth)] != nil { depth += 1 }
      guard depth > 0 else { throw ModelError.missing(key: depthwise(stage, 0)) }
      return depth
    }
    for name in dict.names {
      guard let key = name.rest(after: prefix).flatMap({ scheme.key($0) }), key.part.isOfBlock else {
        continue
      }
      guard depths.indices.contains(key.stage), key.block >= depths[key.stage] else { continue }
      throw ModelError.notSupported(
        "\(depthwise(key.stage, depths[key.stage])) is missing, though \(name) is there")
    }
    return depths
  }

  /// Refuses what has ConvNeXt in its name and is another network.
  private static func refuseOthers(_ names: [String], isKnown: Bool) throws {
    guard let relative = ConvNeXtRelative(names) else { return }
    // Somewhere in a file that holds a network too, blocks without stages may be anything.
    if isKnown, relative == .isotropic { return }
    throw ModelError.notSupported("this is \(relative.rawValue), which is another network")
  }
}

/// A network that ConvNeXt's authors or others call so, and that is none.
enum ConvNeXtRelative: String {
  case version2 = "ConvNeXt V2 (it has GRN layers)"
  case isotropic = "an isotropic ConvNeXt (its blocks are not in stages)"

  init?(_ names: [String]) {
    var (hasGRN, hasBlock, hasStages) = (false, false, false)
    for name in names {
      let parts = name.utf8.split(separator: UInt8(ascii: "."))
      for (place, part) in parts.enumerated() {
        if part.elementsEqual("grn".utf8) { hasGRN = true }
        // timm's features_only has stages_0 for stages.0.
        if part.starts(with: "stages".utf8) { hasStages = true }
        if part.elementsEqual("blocks".utf8), parts.count > place + 2,
          parts[place + 1].elementsEqual("0".utf8),
          ["dwconv", "conv_dw"].contains(where: { parts[place + 2].elementsEqual($0.utf8) })
        {
          hasBlock = true
        }
      }
    }
    if hasGRN {
      self = .version2
    } else if hasBlock, !hasStages {
      self = .isotropic
    } else {
      return nil
    }
  }
}
