/// The stages of a ConvNeXt of timm: `Timm(model, pretrained=True, in_chans=3, features_only=True, out_indices=(1, 2, 3, 4))`.
///
/// Ultralytics itself has no such module; this is the form of those who added one, around
/// `timm.create_model(model, features_only=True, out_indices=…)`. It gives the list of the outputs of these stages.
struct TimmModule: LibraryBackboneModule {
  static let name = "Timm"
  static let classNames = ultralytics("block")
  static let summary = "a ConvNeXt as timm builds it for features: the list of what some of its stages give"
  static let example = "[-1, 1, Timm, [convnext_tiny, True, 3, True, [1, 2, 3]]]"
  static let usage =
    "it takes [model, pretrained, 3, True, stages from 0 to 3], and of timm's models "
    + models.map(\.name).joined(separator: ", ")
  static let arguments: [ModuleArgument] = [
    .init("model", .word), .init("pretrained", .bool, default: .bool(true)),
    .init("in_chans", .exactly(.int(3)), default: .int(3)),
    .init("features_only", .exactly(.bool(true)), default: .bool(true)),
    .init("out_indices", .list(1...4, of: 0...3)),
    // What is frozen and left out in training has no tensor; with a stride of 32 nothing is dilated.
    .init("output_stride", .exactly(.int(32)), default: .int(32)),
    .init("norm_layer", .exactly(.none), default: ModelValue.none),
    .init("stem_mode", .any, default: .string("auto")), .init("freeze_stem", .any, default: .bool(false)),
    .init("freeze", .any, default: .bool(false)), .init("pure_transformers", .any, default: .bool(true)),
    .init("dynamic_img_size", .any, default: .bool(false)),
    .init("drop_path_rate", .any, default: .double(0.15)),
  ]
  static let isIndexedAlone = true

  /// The names of the models with their depths and dims, and whether their pointwise layers are convolutions.
  private static let models: [(name: String, depths: [Int], dims: [Int], isConvolutional: Bool)] = [
    ("convnext_atto", [2, 2, 6, 2], [40, 80, 160, 320], true),
    ("convnext_femto", [2, 2, 6, 2], [48, 96, 192, 384], true),
    ("convnext_pico", [2, 2, 6, 2], [64, 128, 256, 512], true),
    ("convnext_nano", [2, 2, 8, 2], [80, 160, 320, 640], true),
    ("convnext_tiny", [3, 3, 9, 3], [96, 192, 384, 768], false),
    ("convnext_small", [3, 3, 27, 3], [96, 192, 384, 768], false),
    ("convnext_base", [3, 3, 27, 3], [128, 256, 512, 1024], false),
    ("convnext_large", [3, 3, 27, 3], [192, 384, 768, 1536], false),
    ("convnext_xlarge", [3, 3, 27, 3], [256, 512, 1024, 2048], false),
    ("convnextv2_atto", [2, 2, 6, 2], [40, 80, 160, 320], true),
    ("convnextv2_femto", [2, 2, 6, 2], [48, 96, 192, 384], true),
    ("convnextv2_pico", [2, 2, 6, 2], [64, 128, 256, 512], true),
    ("convnextv2_nano", [2, 2, 8, 2], [80, 160, 320, 640], true),
    ("convnextv2_tiny", [3, 3, 9, 3], [96, 192, 384, 768], false),
    ("convnextv2_small", [3, 3, 27, 3], [96, 192, 384, 768], false),
    ("convnextv2_base", [3, 3, 27, 3], [128, 256, 512, 1024], false),
    ("convnextv2_large", [3, 3, 27, 3], [192, 384, 768, 1536], false),
    ("convnextv2_huge", [3, 3, 27, 3], [352, 704, 1408, 2816], false),
  ]

  let shownArguments: [ModelValue]
  let backbone: LibraryBackbone
  private let configuration: ConvNeXtConfiguration
  /// The stages whose outputs it gives, from the first on.
  private let stages: [Int]

  init(_ row: ModuleRow) throws {
    try row.requirePicture()
    // What stands behind a dot names weights of the same model.
    let text = row["model"].string ?? ""
    guard let model = Self.models.first(where: { $0.name == text.prefix { $0 != "." } }) else {
      throw row.argumentError(0, Self.usage)
    }
    // timm gives them in the order in which they are computed, each once.
    stages = Set(row["out_indices"].ints ?? []).sorted()
    var configuration = ConvNeXtConfiguration(
      depths: model.depths, dims: model.dims, inputChannels: 3,
      scheme: model.isConvolutional ? .timmConvolutionalFeatures : .timmFeatures)
    configuration.hasResponseNorm = model.name.hasPrefix("convnextv2")
    self.configuration = configuration
    backbone = LibraryBackbone(
      scheme: model.isConvolutional ? .timmConvolutional : .timm,
      kept: ["stem.*"] + (0...(stages.last ?? 0)).map { "stages.\($0).*" },
      renames: [("stem.*", "m.stem_{1}"), ("stages.*", "m.stages_{1}")],
      fetched: row["pretrained"].bool == true ? text : nil)
    shownArguments = row.values
  }

  private var last: Int { stages.last ?? 0 }
  var channels: Int { configuration.dims[last] }
  var list: [Int]? { stages.map { configuration.dims[$0] } }

  var tensors: [ModuleTensor] {
    configuration.moduleTensors(
      (0...last).flatMap { ConvNeXtConfiguration.downsamplingKeys($0) + configuration.blockKeys($0) },
      under: "m.")
  }

  func sides(for inputs: [Int]) throws(ModuleMisfit) -> [Int] {
    var (side, sides) = (inputs[0], [Int]())
    for stage in 0...last {
      side = try ConvNeXtConfiguration.downsampledSide(stage, side)
      if stages.contains(stage) { sides.append(side) }
    }
    return sides
  }

  func build(into network: inout some NetworkBuilding, as name: String, of x: [Int]) throws -> [Int] {
    var (value, values) = (x[0], [Int]())
    for stage in 0...last {
      value = try configuration.buildStage(stage, under: name + ".m.", into: &network, of: value)
      if stages.contains(stage) { values.append(value) }
    }
    return values
  }
}
