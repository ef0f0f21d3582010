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
  /// Whether its blocks have global response normalisation: version 2.
  public package(set) var hasResponseNorm = false
  /// What normalises the channels of a pixel.
  package var norm = ChannelNorm.layer
  package var stem = Stem.patches(4)
  /// What there is of a classifier.
  package var head = Head()

  /// The first layers.
  package enum Stem: Sendable, Equatable {
    /// A convolution of that kernel and stride, and a norm.
    case patches(Int)
    /// The same without a norm.
    case bare(Int)
    /// Two 3×3 convolutions of stride 2, so many channels between them, and a norm.
    case overlapping(channels: Int, isActivated: Bool)
  }

  package struct Head: Sendable, Equatable {
    /// A norm before the mean, and one behind it.
    var (hasMapNorm, hasFinalNorm) = (false, false)
    /// Of the layer before the classifier.
    var hidden: Int?
  }

  /// What the norms add to the variance, but for transformers' last.
  package static let epsilon = 1e-6

  /// A backbone of this size under a library's names.
  package init(depths: [Int], dims: [Int], inputChannels: Int, scheme: NamingScheme = .facebookresearch) {
    (self.depths, self.dims, self.inputChannels) = (depths, dims, inputChannels)
    (classes, self.scheme) = (nil, scheme)
  }

  /// The name under which the size is published.
  public var variantName: String {
    let start = hasResponseNorm ? "ConvNeXt V2" : scheme == .isotropic ? "isotropic ConvNeXt" : "ConvNeXt"
    let known = Self.variants.first { $0.depths == depths && $0.dims == dims }
    return start + (known.map { "-\($0.name)" } ?? " with depths \(depths) and dims \(dims)") + form
  }

  /// How it differs from others of its size.
  private var form: String {
    var words: [String] = []
    if case .overlapping = stem { words.append("overlapping stem") }
    if norm != .layer { words.append("norms without bias") }
    if head.hasMapNorm { words.append("norm before the mean") }
    return words.isEmpty ? "" : " (\(words.joined(separator: ", ")))"
  }

  private static let variants: [(name: String, depths: [Int], dims: [Int])] = [
    ("Zepto", [2, 2, 4, 2], [32, 64, 128, 256]),
    ("Atto", [2, 2, 6, 2], [40, 80, 160, 320]),
    ("Femto", [2, 2, 6, 2], [48, 96, 192, 384]),
    ("Pico", [2, 2, 6, 2], [64, 128, 256, 512]),
    ("Nano", [2, 2, 8, 2], [80, 160, 320, 640]),
    ("T", [3, 3, 9, 3], [96, 192, 384, 768]), ("S", [3, 3, 27, 3], [96, 192, 384, 768]),
    ("B", [3, 3, 27, 3], [128, 256, 512, 1024]),
    ("L", [3, 3, 27, 3], [192, 384, 768, 1536]),
    ("XL", [3, 3, 27, 3], [256, 512, 1024, 2048]), ("H", [3, 3, 27, 3], [352, 704, 1408, 2816]),
    ("XXL", [3, 4, 30, 3], [384, 768, 1536, 3072]),
    ("S", [18], [384]), ("B", [18], [768]), ("L", [36], [1024]),
  ]
}

// MARK: Inference

extension ConvNeXtConfiguration {
  /// Recognises the network whose tensors lie under `prefix`.
  ///
  /// - Throws: ``ModelError`` where it is another network, or where a tensor that the size is inferred from is missing.
  public init(inferredFrom dict: StateDict, prefix: String = "") throws {
    guard let scheme = NamingScheme.find(in: dict, prefix: prefix) else {
      if let relative = ConvNeXtRelative(dict.names) {
        throw ModelError.notSupported("this is \(relative.rawValue)")
      }
      let usual = NamingScheme.facebookresearch
      let mark = usual.module(.stemConvolution, under: prefix) + ".weight"
      if dict[mark] != nil {
        throw ModelError.missing(key: usual.module(.depthwise, under: prefix) + ".weight")
      }
      // Which of a library's networks is another matter.
      let libraries = NamingScheme.libraries.map { $0.split(separator: " ")[0] }.grouped { $0 }.map(\.key)
      let others = libraries.dropFirst()
      throw ModelError.notSupported(
        "this is no ConvNeXt that is known: there is no \(mark), nor what stands for it in "
          + "\(others.dropLast().joined(separator: ", ")) or \(others.last ?? "")")
    }
    self.scheme = scheme
    let reader = SizeReader(dict: dict, prefix: prefix, scheme: scheme)
    let first = try reader.convolution(.stemConvolution)
    inputChannels = first[1]
    let width: Int
    (stem, width) = try reader.stem(first)
    dims =
      try [width] + (1..<max(scheme.stageCount, 1)).map { try reader.convolution(.downConvolution, $0)[0] }
    depths = try reader.depths()
    hasResponseNorm = scheme.has(.responseNorm) && reader.has(.responseNorm)
    norm = reader.hasBiases ? .layer : .withoutBias(isSimple: depths == [2, 2, 4, 2] && dims[0] == 32)
    head = Head(hasMapNorm: reader.has(.mapNorm), hasFinalNorm: reader.has(.finalNorm))
    head.hidden = reader.tensor(.hiddenClassifier, .weight)?.shape.first
    let isHeaded = head.hasFinalNorm || head.hasMapNorm
    classes = isHeaded ? reader.tensor(.classifier, .weight)?.shape.first : nil
    // A detector's norm of the last output is none of the classifier's.
    if scheme.finalNormIsLastOutputNorm, classes == nil { head.hasFinalNorm = false }
  }
}

/// What normalises the channels of a pixel.
package enum ChannelNorm: Sendable, Equatable {
  /// `nn.LayerNorm`.
  case layer
  /// One without a bias, of which the state dict does not tell which: timm's RmsNorm, or its SimpleNorm, which divides by
  /// the deviation. Networks of zepto's size have that.
  case withoutBias(isSimple: Bool)
}

/// Reads the size of a network from the shapes of its tensors.
private struct SizeReader {
  let dict: StateDict
  let prefix: String
  let scheme: NamingScheme

  private func name(
    _ part: ConvNeXtKey.Part, _ leaf: ConvNeXtKey.Leaf, _ stage: Int, _ block: Int = 0
  ) -> String {
    scheme.tensor(
      leaf, of: part, called: scheme.module(part, stage: stage, block: block, under: prefix))
  }

  func tensor(_ part: ConvNeXtKey.Part, _ leaf: ConvNeXtKey.Leaf, _ stage: Int = 0) -> Tensor? {
    scheme.has(part) ? dict[name(part, leaf, stage)] : nil
  }

  func has(_ part: ConvNeXtKey.Part) -> Bool { tensor(part, .weight) != nil }

  /// Whether some norm of the stages has a bias.
  var hasBiases: Bool {
    (0..<scheme.stageCount).contains { tensor(.blockNorm, .bias, $0) != nil }
      || tensor(.finalNorm, .bias) != nil
  }

  /// The shape of a convolution's weight.
  func convolution(_ part: ConvNeXtKey.Part, _ stage: Int = 0) throws -> [Int] {
    let name = name(part, .weight, stage)
    guard let tensor = dict[name] else { throw ModelError.missing(key: name) }
    guard tensor.shape.count == 4, tensor.shape.allSatisfy({ (1...Self.maximumWidth).contains($0) }) else {
      throw ModelError.notSupported("\(name) of shape \(tensor.shape) is no convolution's weight")
    }
    return tensor.shape
  }

  /// A stride of 0 lets a few bytes claim any shape; no network is as wide as this.
  private static let maximumWidth = 1 << 20

  /// The stem whose first convolution's weight has this shape, and how many channels it gives.
  func stem(_ first: [Int]) throws -> (ConvNeXtConfiguration.Stem, width: Int) {
    if !scheme.has(.stemNorm) { return (.bare(first[2]), first[0]) }
    if has(.stemFourth) {
      return (.overlapping(channels: first[0], isActivated: true), try convolution(.stemThird)[0])
    }
    if has(.stemThird) {
      return (.overlapping(channels: first[0], isActivated: false), try convolution(.stemNorm)[0])
    }
    return (.patches(first[2]), first[0])
  }

  /// How many blocks each stage has, which are numbered without a gap.
  func depths() throws -> [Int] {
    let depths = try (0..<scheme.stageCount).map { stage in
      var depth = 0
      while dict[name(.depthwise, .weight, stage, depth)] != nil { depth += 1 }
      guard depth > 0 else { throw ModelError.missing(key: name(.depthwise, .weight, stage)) }
      return depth
    }
    for name in dict.names {
      guard let key = name.rest(after: prefix).flatMap({ scheme.key($0) }), key.part.isOfBlock else {
        continue
      }
      guard depths.indices.contains(key.stage), key.block >= depths[key.stage] else { continue }
      throw ModelError.notSupported(
        "\(self.name(.depthwise, .weight, key.stage, depths[key.stage])) is missing, though \(name) is there")
    }
    return depths
  }
}

/// A network that ConvNeXt's authors or others call so, and that cannot be read as one.
enum ConvNeXtRelative: String {
  case sparse =
    "FCMAE pre-training of a ConvNeXt V2, whose convolutions are sparse; named as facebookresearch has them, they are dense"
  case isotropic = "an isotropic ConvNeXt (its blocks are not in stages) whose stem is missing or another's"

  init?(_ names: [String]) {
    var (hasBlock, hasStages) = (false, false)
    for name in names {
      if name.hasSuffix("stages.0.0.dwconv.kernel") {
        self = .sparse
        return
      }
      let parts = name.utf8.split(separator: UInt8(ascii: "."))
      for (place, part) in parts.enumerated() {
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
    guard hasBlock, !hasStages else { return nil }
    self = .isotropic
  }
}
