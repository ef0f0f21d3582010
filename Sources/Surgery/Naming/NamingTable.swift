/// One library's names for the parts of a ConvNeXt, and the shapes in which it stores them.
struct NamingTable: Sendable {
  let rows: [(part: ConvNeXtKey.Part, template: NameTemplate)]
  /// What stands before the backbone's names where there is a classifier outside it: `convnext.`, `backbone.`.
  ///
  /// A model that is a backbone alone has no such prefix.
  let body: String
  /// Whether the classifier lies outside the backbone.
  let classifierIsOutside: Bool
  /// Whether the final norm is called like the last stage's output norm.
  let finalNormIsLastOutputNorm: Bool
  /// 1 for (C), 3 for (C,1,1).
  let layerScaleRank: Int
  /// 2 for (out, in), 4 for (out, in, 1, 1).
  let pointwiseRank: Int

  init(
    _ rows: KeyValuePairs<ConvNeXtKey.Part, String>, body: String = "", layerScaleRank: Int = 1,
    pointwiseRank: Int = 2, finalNormIsLastOutputNorm: Bool = false
  ) {
    self.rows = rows.map { ($0.key, NameTemplate($0.value)) }
    (self.body, classifierIsOutside) = (body, !body.isEmpty)
    (self.layerScaleRank, self.pointwiseRank) = (layerScaleRank, pointwiseRank)
    self.finalNormIsLastOutputNorm = finalNormIsLastOutputNorm
  }

  /// The stem convolution's weight: where it is, there may be a network.
  var mark: String { name(ConvNeXtKey(part: .stemConvolution, leaf: .weight)) ?? "" }

  /// What the tensor is that is called `name`, without any prefix; `nil` where the library has no such name.
  func key(_ name: some StringProtocol) -> ConvNeXtKey? {
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
  func name(_ key: ConvNeXtKey) -> String? {
    guard let row = rows.first(where: { $0.part == key.part }) else { return nil }
    let module = row.template.name(stage: key.stage, block: key.block)
    return key.leaf.map { "\(module).\($0)" } ?? module
  }

  /// How many axes the tensor has here, where that differs among the libraries.
  func rank(of key: ConvNeXtKey) -> Int? {
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
