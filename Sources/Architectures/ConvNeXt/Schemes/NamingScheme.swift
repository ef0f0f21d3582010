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
  package let body: String
  /// Whether the final norm is called like the last stage's output norm.
  package let finalNormIsLastOutputNorm: Bool
  /// 1 for (C), 3 for (C,1,1).
  package let layerScaleRank: Int
  /// 2 for (out, in), 4 for (out, in, 1, 1).
  package let pointwiseRank: Int
  /// What the final norm adds to the variance.
  package let finalEpsilon: Double
  /// The stem convolution's weight: where it is, there may be a network.
  package let mark: String
  private let rows: [(part: ConvNeXtKey.Part, template: NameTemplate)]

  /// Every scheme that is known.
  public static let allCases: [NamingScheme] = [
    .facebookresearch,
    .timm,
    .timmConvolutional,
    .torchvision,
    .transformers,
    .openmmlab,
  ]

  /// Whose names are known, each once.
  public static var libraries: [String] {
    allCases.map(\.library).reduce(into: []) { if $0.last != $1 { $0.append($1) } }
  }

  /// - Parameter rows: the modules' names, without any prefix; the parts that the library does not have are left out.
  init(
    _ rawValue: String, of library: String? = nil, _ rows: KeyValuePairs<ConvNeXtKey.Part, String>,
    body: String = "", layerScaleRank: Int = 1, pointwiseRank: Int = 2,
    finalNormIsLastOutputNorm: Bool = false, finalEpsilon: Double = ConvNeXtConfiguration.epsilon
  ) {
    (self.rawValue, self.library) = (rawValue, library ?? rawValue)
    self.rows = rows.map { ($0.key, NameTemplate($0.value)) }
    (self.body, self.finalEpsilon) = (body, finalEpsilon)
    (self.layerScaleRank, self.pointwiseRank) = (layerScaleRank, pointwiseRank)
    self.finalNormIsLastOutputNorm = finalNormIsLastOutputNorm
    let stem = self.rows.first { $0.part == .stemConvolution }
    mark = stem.map { $0.template.name(stage: 0, block: 0) + ".weight" } ?? ""
  }

  /// Whether the classifier lies outside the backbone.
  package var classifierIsOutside: Bool { !body.isEmpty }
}

extension NamingScheme: RawRepresentable, CaseIterable, Hashable {
  public init?(rawValue: String) {
    guard let known = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
    self = known
  }

  public static func == (one: Self, other: Self) -> Bool { one.rawValue == other.rawValue }

  public func hash(into hasher: inout Hasher) { hasher.combine(rawValue) }
}

// MARK: Names and shapes

extension NamingScheme {
  /// What the tensor is that is called `name`, without any prefix; `nil` where the library has no such name.
  package func key(_ name: some StringProtocol) -> ConvNeXtKey? {
    let parts = Substring(name).utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
      .map { Substring($0).utf8 }
    let leaf = parts.last.flatMap { part in
      ConvNeXtKey.Leaf.allCases.first { $0.rawValue.utf8.elementsEqual(part) }
    }
    let module = leaf == nil ? parts[...] : parts.dropLast()
    for row in rows where (row.part == .layerScale) == (leaf == nil) {
      guard let (stage, block) = row.template.match(module) else { continue }
      if (row.part == .downNorm || row.part == .downConvolution) && stage == 0 { continue }
      return ConvNeXtKey(part: row.part, stage: stage, block: block, leaf: leaf)
    }
    return nil
  }

  /// What `key` is called, without any prefix; `nil` where the library has no such tensor.
  package func name(_ key: ConvNeXtKey) -> String? {
    let name = template(key.part)?.name(stage: key.stage, block: key.block)
    return name.map { name in key.leaf.map { "\(name).\($0)" } ?? name }
  }

  /// What the module that `key` belongs to is called under `prefix`: the classifier outside the backbone, and the
  /// final norm as the last stage's where that is the custom.
  package func module(_ part: ConvNeXtKey.Part, stage: Int = 0, block: Int = 0, under prefix: String)
    -> String
  {
    if part == .finalNorm, finalNormIsLastOutputNorm { return module(.outputNorm, stage: 3, under: prefix) }
    let isOutside = classifierIsOutside && part == .classifier && prefix.hasSuffix(body)
    let start = isOutside ? String(prefix.dropLast(body.count)) : prefix
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

  /// How many axes the tensor has here, where that differs among the libraries.
  package func rank(of key: ConvNeXtKey) -> Int? {
    switch (key.part, key.leaf) {
    case (.layerScale, _): layerScaleRank
    case (.pointwise1, .weight), (.pointwise2, .weight): pointwiseRank
    default: nil
    }
  }

  /// Whether a tensor of this shape can be `key` here.
  func fits(_ shape: [Int], _ key: ConvNeXtKey) -> Bool {
    guard let rank = rank(of: key) else { return true }
    return shape.count == rank && shape.dropFirst(key.part == .layerScale ? 1 : 2).allSatisfy { $0 == 1 }
  }
}
