internal import ModelRuntime
internal import Tensors

/// A ConvNeXt in a file: a classifier, or replicas of its backbone of which each layer runs one stage.
struct Network {
  let dict: StateDict
  let prefixes: [String]
  private let classifier: ConvNeXt
  private let stages: [ConvNeXtBlock]

  init(_ dict: StateDict, engine: EngineKind) throws {
    self.dict = dict
    prefixes = ConvNeXtConfiguration.prefixes(in: dict)
    classifier = try ConvNeXt(dict, prefix: prefixes.first ?? "", engine: engine)
    // A single backbone runs all its stages; of four replicas, each runs its own.
    guard prefixes.count <= 1 || prefixes.count == 4 else {
      throw ModelError.notSupported(
        "it holds \(prefixes.count) backbones, under \(prefixes.joined(separator: ", ")); 1 or 4 can be run")
    }
    let places = prefixes.count == 4 ? prefixes : .init(repeating: prefixes.first ?? "", count: 4)
    stages = try places.enumerated().map {
      try ConvNeXtBlock(index: $0.offset, dict, prefix: $0.element, engine: engine)
    }
  }

  var description: String {
    let name = classifier.configuration.variantName
    if prefixes.count == 4 { return "\(name) backbone, four replicas: \(prefixes.joined(separator: ", "))" }
    return classifier.configuration.classes.map { "\(name), \($0) classes" } ?? "\(name) backbone"
  }

  func features(_ image: FeatureMap) throws -> [FeatureMap] { try ConvNeXt.chain(stages, image) }

  /// The outputs by name; those of the classifier only where they are wanted and can be had.
  func outputs(_ image: FeatureMap, upTo names: [String]) throws -> [(name: String, map: FeatureMap)] {
    let features = try features(image)
    var outputs = features.enumerated().map { (name: "feature.\($0.offset)", map: $0.element) }
    let wantsHead = names.contains("pooled") || names.contains("logits")
    if wantsHead, classifier.configuration.classes != nil, let last = features.last {
      let pooled = try classifier.pooled(last)
      outputs.append(("pooled", pooled))
      outputs.append(("logits", try classifier.logits(pooled: pooled)))
    }
    return outputs
  }
}
