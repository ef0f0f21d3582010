internal import ModelRuntime
internal import Tensors

/// A ConvNeXt in a file: a classifier, or replicas of its backbone of which each layer runs one stage.
struct Network {
  let dict: StateDict
  let prefixes: [String]
  let model: ConvNeXt

  init(_ dict: StateDict, engine: EngineKind, precision: Precision = .float32) throws {
    self.dict = dict
    prefixes = ConvNeXtConfiguration.prefixes(in: dict)
    // A single backbone runs all its stages; of four replicas, each runs its own.
    guard prefixes.count <= 1 || prefixes.count == 4 else {
      throw ModelError.notSupported(
        "it holds \(prefixes.count) backbones, under \(prefixes.joined(separator: ", ")); 1 or 4 can be run")
    }
    let places = prefixes.count == 4 ? prefixes : .init(repeating: prefixes.first ?? "", count: 4)
    model = try ConvNeXt(dict, prefixes: places, engine: engine, precision: precision)
  }

  var description: String {
    let name = model.configuration.variantName
    if prefixes.count == 4 { return "\(name) backbone, four replicas: \(prefixes.joined(separator: ", "))" }
    return model.configuration.classes.map { "\(name), \($0) classes" } ?? "\(name) backbone"
  }

  func features(_ image: FeatureMap) throws -> [FeatureMap] { try model.features(image) }

  /// The outputs by name; those of the classifier only where they are wanted and can be had.
  func outputs(_ image: FeatureMap, upTo names: [String]) throws -> [(name: String, map: FeatureMap)] {
    let known = model.outputNames.filter { names.contains($0) }
    return Array(zip(known, try model.outputs(known, of: image)))
  }
}
