internal import SutureText

/// How a library names the tensors of a ConvNeXt, and in which shapes it stores them.
///
/// Each is one file with its table, and a line in ``allCases``.
public struct NamingScheme: Sendable {
  /// The word that recipes and options call it by.
  public let rawValue: String
  /// Whose names they are.
  public let library: String

  /// What stands before the backbone's names where there is a classifier outside it: `convnext.`, `backbone.`.
  ///
  /// A model that is a backbone alone has no such prefix.
  private let body: String
  /// The same where the network is of version 2.
  private let body2: String
  /// What lies outside the body.
  package let outside: Set<ConvNeXtKey.Part>
  /// Whether files leave the body out though something lies outside it.
  let bodyIsOptional: Bool
  /// What a network must have for these to be its names.
  package let required: ConvNeXtKey.Part?
  /// Whether the final norm is called like the last stage's output norm.
  package let finalNormIsLastOutputNorm: Bool
  /// 1 for (C), 3 for (C,1,1).
  package let layerScaleRank: Int
  /// 2 for (out, in), 4 for (out, in, 1, 1).
  package let pointwiseRank: Int
  /// How a GRN is stored: 1 for (C), 2 for (1,C), 4 for (1,1,1,C).
  package let responseNormRank: Int
  /// What parts call their weight and their bias, where that is anything else.
  private let leaves: [ConvNeXtKey.Part: [String]]
  /// Whether convolutions are stored as MinkowskiEngine has them, for maps of which most is masked: it can be read, and
  /// nothing is named so.
  package let isSparse: Bool
  /// Whether there are networks with norms that have no bias.
  package let hasNormsWithoutBias: Bool
  /// Whether every block has a layer scale.
  package let needsLayerScale: Bool
  /// How many stages the network has.
  package let stageCount: Int
  /// What the final norm adds to the variance.
  package let finalEpsilon: Double
  /// Where all these are, there may be a network: the first convolution's weight.
  package let marks: [String]
  /// What another library's networks have, and this one's have not: it is named all the same.
  package let borrowed: Set<ConvNeXtKey.Part>
  let rows: [(part: ConvNeXtKey.Part, template: NameTemplate)]

  /// Every scheme that a network can be given.
  public static var targets: [NamingScheme] { allCases.filter { !$0.isSparse } }

  /// Every scheme that is known.
  public static let allCases: [NamingScheme] = [
    .facebookresearch,
    .dinov3,
    .timm,
    .timmConvolutional,
    .torchvision,
    .transformers,
    .transformersDINOv3,
    .openmmlab,
    .isotropic,
    .fcmae,
  ]

  /// Whose names are known, each once.
  public static var libraries: [String] {
    allCases.map(\.library).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  /// - Parameter rows: the modules' names, without any prefix; the parts that the library does not have are left out.
  init(
    _ rawValue: String, of library: String? = nil, _ rows: [(ConvNeXtKey.Part, String)],
    body: String = "", body2: String? = nil, outside: Set<ConvNeXtKey.Part> = [.classifier],
    bodyIsOptional: Bool = false, borrowed: Set<ConvNeXtKey.Part> = [],
    required: ConvNeXtKey.Part? = nil, marks: [String]? = nil,
    layerScaleRank: Int = 1, pointwiseRank: Int = 2,
    responseNormRank: Int = 1, leaves: [ConvNeXtKey.Part: [String]] = [:], isSparse: Bool = false,
    hasNormsWithoutBias: Bool = false, needsLayerScale: Bool = false, stageCount: Int = 4,
    finalNormIsLastOutputNorm: Bool = false, finalEpsilon: Double = ConvNeXtConfiguration.epsilon
  ) {
    (self.rawValue, self.library) = (rawValue, library ?? rawValue)
    self.rows = rows.map { ($0, NameTemplate($1)) }
    (self.body, self.body2, self.finalEpsilon) = (body, body2 ?? body, finalEpsilon)
    self.outside = body.isEmpty ? [] : outside
    (self.bodyIsOptional, self.required, self.stageCount) = (bodyIsOptional, required, stageCount)
    (self.responseNormRank, self.leaves, self.isSparse) = (responseNormRank, leaves, isSparse)
    (self.hasNormsWithoutBias, self.needsLayerScale) = (hasNormsWithoutBias, needsLayerScale)
    (self.layerScaleRank, self.pointwiseRank) = (layerScaleRank, pointwiseRank)
    self.finalNormIsLastOutputNorm = finalNormIsLastOutputNorm
    let stem = self.rows.first { $0.part == .stemConvolution }
    self.marks = marks ?? stem.map { [$0.template.name(stage: 0, block: 0) + ".weight"] } ?? []
    self.borrowed = borrowed
  }

  /// What stands before the backbone's names where something lies outside it.
  package func body(isVersion2: Bool) -> String { isVersion2 ? body2 : body }

  /// What stands before `place`, which ends in the body.
  func start(of place: String) -> String? {
    if body.isEmpty { return nil }
    return place.start(before: body) ?? place.start(before: body2)
  }
}

extension NamingScheme: RawRepresentable, CaseIterable, Hashable {
  public init?(rawValue: String) {
    guard let known = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
    self = known
  }

  public static func == (one: Self, other: Self) -> Bool { one.rawValue == other.rawValue }

  public func hash(into hasher: inout Hasher) { hasher.combine(rawValue) }
}

extension NamingScheme: CustomStringConvertible {
  public var description: String { rawValue }
}

// MARK: Names and shapes

extension NamingScheme {
  /// What the tensor is that is called `name`, without any prefix; `nil` where the library has no such name.
  package func key(_ name: some StringProtocol) -> ConvNeXtKey? {
    let parts = Substring(name).utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
      .map { Substring($0).utf8 }
    guard let last = parts.last else { return nil }
    for row in rows {
      var leaf: ConvNeXtKey.Leaf?
      if row.part != .layerScale {
        let names = leaves(row.part)
        guard let place = names.firstIndex(where: { last.elementsEqual($0.utf8) }) else { continue }
        leaf = ConvNeXtKey.Leaf.allCases[place]
      }
      let module = leaf == nil ? parts[...] : parts.dropLast()
      guard let (stage, block) = row.template.match(module) else { continue }
      if (row.part == .downNorm || row.part == .downConvolution) && stage == 0 { continue }
      return ConvNeXtKey(part: row.part, stage: stage, block: block, leaf: leaf)
    }
    return nil
  }

  /// What the tensors of a part are called, in the order of ``ConvNeXtKey/Leaf``.
  private func leaves(_ part: ConvNeXtKey.Part) -> [String] {
    leaves[part] ?? ConvNeXtKey.Leaf.allCases.map(\.rawValue)
  }

  /// What the tensor `leaf` of the module `module`, which is a `part`, is called.
  package func tensor(_ leaf: ConvNeXtKey.Leaf, of part: ConvNeXtKey.Part, called module: String) -> String {
    "\(module).\(leaves(part)[leaf == .weight ? 0 : 1])"
  }

  /// What `key` is called, without any prefix; `nil` where the library has no such tensor.
  package func name(_ key: ConvNeXtKey) -> String? {
    let name = template(key.part)?.name(stage: key.stage, block: key.block)
    return name.map { name in key.leaf.map { tensor($0, of: key.part, called: name) } ?? name }
  }

  /// Whether the library has such a part at all.
  package func has(_ part: ConvNeXtKey.Part) -> Bool {
    template(part) != nil || part == .finalNorm && finalNormIsLastOutputNorm
  }

  /// What the module that `key` belongs to is called under `prefix`: the classifier outside the backbone, and the
  /// final norm as the last stage's where that is the custom.
  package func module(_ part: ConvNeXtKey.Part, stage: Int = 0, block: Int = 0, under prefix: String)
    -> String
  {
    if part == .finalNorm, finalNormIsLastOutputNorm { return module(.outputNorm, stage: 3, under: prefix) }
    let start = outside.contains(part) ? self.start(of: prefix) ?? prefix : prefix
    return start + (template(part)?.name(stage: stage, block: block) ?? "")
  }

  /// What a block is called under `prefix`, without a dot at the end.
  package func block(_ stage: Int, _ block: Int, under prefix: String) -> String {
    let module = module(.depthwise, stage: stage, block: block, under: prefix)
    return String(module.dropLast(nameInBlock(.depthwise).count + 1))
  }

  /// The end of a part's name that is the same in every block: `mlp.fc1`.
  func nameInBlock(_ part: ConvNeXtKey.Part) -> String { template(part)?.tail ?? "" }

  private func template(_ part: ConvNeXtKey.Part) -> NameTemplate? {
    rows.first { $0.part == part }?.template
  }

  /// How the axes of a tensor lie here, where that differs among the libraries.
  package func form(of key: ConvNeXtKey) -> TensorForm? {
    switch (key.part, key.leaf) {
    case (.layerScale, _): .followed(axes: 1, rank: layerScaleRank)
    case (.downConvolution, .weight) where isSparse: .kernel(side: 2)
    case (.depthwise, .weight) where isSparse: .depthwiseKernel(side: 7)
    case (.downConvolution, .bias) where isSparse, (.depthwise, .bias) where isSparse:
      .preceded(axes: 1, rank: 2)
    case (.pointwise1, .weight), (.pointwise2, .weight): .followed(axes: 2, rank: pointwiseRank)
    case (.responseNorm, _): .preceded(axes: 1, rank: responseNormRank)
    default: nil
    }
  }
}

/// How a library lays out what others store with other axes.
package enum TensorForm: Sendable, Equatable {
  /// Sizes and strides of a tensor's axes.
  package typealias Axes = (sizes: [Int], strides: [Int])

  /// Axes of size 1 follow the tensor's own, until there are `rank`.
  case followed(axes: Int, rank: Int)
  /// Axes of size 1 stand before the tensor's own.
  case preceded(axes: Int, rank: Int)
  /// [side², in, out] for a convolution's [out, in, side, side]: column by column, as MinkowskiEngine counts.
  case kernel(side: Int)
  /// [side², channels] for [channels, 1, side, side].
  case depthwiseKernel(side: Int)

  package var rank: Int {
    switch self {
    case .followed(_, let rank), .preceded(_, let rank): rank
    case .kernel: 3
    case .depthwiseKernel: 2
    }
  }

  /// Whether a tensor of this shape can have it.
  package func fits(_ shape: [Int]) -> Bool {
    guard shape.count == rank else { return false }
    switch self {
    case .followed(let axes, _): return shape.dropFirst(axes).allSatisfy { $0 == 1 }
    case .preceded(let axes, _): return shape.dropLast(axes).allSatisfy { $0 == 1 }
    case .kernel(let side), .depthwiseKernel(let side): return shape[0] == side * side
    }
  }

  /// The axes of a tensor that has the form as PyTorch's own layers have them: the same elements.
  package func plain(_ axes: Axes) -> Axes {
    switch self {
    case .followed(let own, _): return (Array(axes.sizes.prefix(own)), Array(axes.strides.prefix(own)))
    case .preceded(let own, _): return (Array(axes.sizes.suffix(own)), Array(axes.strides.suffix(own)))
    case .kernel(let side):
      let (row, column) = (axes.strides[0], axes.strides[0] * side)
      return ([axes.sizes[2], axes.sizes[1], side, side], [axes.strides[2], axes.strides[1], row, column])
    case .depthwiseKernel(let side):
      let (row, column) = (axes.strides[0], axes.strides[0] * side)
      return ([axes.sizes[1], 1, side, side], [axes.strides[1], 1, row, column])
    }
  }

  /// The form's axes of a tensor as PyTorch's own layers have it; `nil` for a form that no view gives.
  package func laid(_ axes: Axes) -> Axes? {
    let ones = [Int](repeating: 1, count: max(rank - axes.sizes.count, 0))
    return switch self {
    case .followed: (axes.sizes + ones, axes.strides + ones)
    case .preceded: (ones + axes.sizes, ones + axes.strides)
    case .kernel, .depthwiseKernel: nil
    }
  }
}
