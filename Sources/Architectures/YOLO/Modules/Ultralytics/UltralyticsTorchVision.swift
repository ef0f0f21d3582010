/// The first layers of a model of torchvision: `TorchVision(model, weights="DEFAULT", unwrap=True, truncate=2, split=False)`.
///
/// Of a ConvNeXt these are stem, stage, downsampling, stage, … and behind the last stage the mean and the classifier, which
/// `truncate=2` leaves away. With `split` it gives the list of what it reads and of every layer's output.
struct TorchVisionModule: LibraryBackboneModule {
  static let name = "TorchVision"
  static let classNames = ultralytics("block")
  static let summary = "the layers of a ConvNeXt as torchvision builds it, or the list of their outputs"
  static let example = #"[-1, 1, TorchVision, [768, convnext_tiny, DEFAULT, True, 2, True]]"#
  static let usage =
    "it takes [channels, model, weights, True, truncate, split], and of torchvision's models "
    + models.map(\.name).joined(separator: ", ") + "; without unwrap=True it gives the scores of a classifier"
  static let arguments: [ModuleArgument] = [
    .channels, .init("model", .words(models.map(\.name))),
    .init("weights", .word, default: .string("DEFAULT")),
    .init("unwrap", .exactly(.bool(true)), default: .bool(true)),
    // What stands behind the last stage gives no map.
    .init("truncate", .int(2...9), default: .int(2)), .init("split", .bool, default: .bool(false)),
  ]

  private static let models: [(name: String, depths: [Int], dims: [Int])] = [
    ("convnext_tiny", [3, 3, 9, 3], [96, 192, 384, 768]),
    ("convnext_small", [3, 3, 27, 3], [96, 192, 384, 768]),
    ("convnext_base", [3, 3, 27, 3], [128, 256, 512, 1024]),
    ("convnext_large", [3, 3, 27, 3], [192, 384, 768, 1536]),
  ]
  /// Of the model, with the mean and the classifier.
  private static let layerCount = 10

  let shownArguments: [ModelValue]
  let channels: Int
  private let configuration: ConvNeXtConfiguration
  /// How many layers are left.
  private let count: Int
  private let splits: Bool
  private let weights: String?

  init(_ row: ModuleRow) throws {
    try row.requirePicture()
    let model = Self.models.first { .string($0.name) == row["model"] } ?? Self.models[0]
    configuration = ConvNeXtConfiguration(
      depths: model.depths, dims: model.dims, inputChannels: 3, scheme: .torchvisionLayers)
    (count, splits) = (Self.layerCount - row.int("truncate"), row["split"].bool ?? false)
    (channels, weights) = (row.int(ModuleArgument.channels.name), row["weights"].string)
    shownArguments = Array(row.values.dropFirst())
    let given = model.dims[(count - 1) / 2]
    guard splits || channels == given else {
      throw row.error(
        "it declares \(channels) channels, and \(model.name) without its last \(Self.layerCount - count) layers gives "
          + "\(given)")
    }
  }

  var list: [Int]? {
    splits ? [configuration.inputChannels] + (0..<count).map { configuration.dims[$0 / 2] } : nil
  }

  var backbone: LibraryBackbone {
    LibraryBackbone(
      scheme: .torchvision, kept: (0..<count).map { "features.\($0).*" },
      renames: [("features.*", "m.{1}")], fetched: weights)
  }

  var tensors: [ModuleTensor] {
    configuration.moduleTensors(
      (0..<count).flatMap { layer in
        layer % 2 == 0
          ? ConvNeXtConfiguration.downsamplingKeys(layer / 2) : configuration.blockKeys(layer / 2)
      }, under: "m.")
  }

  func sides(for inputs: [Int]) throws(ModuleMisfit) -> [Int] {
    var sides = [inputs[0]]
    for layer in 0..<count {
      let last = sides[layer]
      sides.append(
        layer % 2 == 0 ? try ConvNeXtConfiguration.downsampledSide(layer / 2, last) : last)
    }
    return splits ? sides : [sides[count]]
  }

  func build(into network: inout some NetworkBuilding, as name: String, of x: [Int]) throws -> [Int] {
    var values = [x[0]]
    for layer in 0..<count {
      values.append(
        layer % 2 == 0
          ? try configuration.buildDownsampling(
            layer / 2, under: name + ".m.", into: &network, of: values[layer])
          : try configuration.buildBlocks(layer / 2, under: name + ".m.", into: &network, of: values[layer]))
    }
    return splits ? values : [values[count]]
  }
}
