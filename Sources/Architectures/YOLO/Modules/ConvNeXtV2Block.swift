/// The same as ``ConvNeXtBlockModule`` with blocks of ConvNeXt V2: GRN layers, and no layer scale.
///
/// Nobody has published such a class; whoever writes it as the other one was written gets these names.
struct ConvNeXtV2BlockModule: YOLOModule, BackboneStage {
  static let name = "ConvNeXtV2_Block"
  static let summary = "one stage of a ConvNeXt V2, of which it holds the whole backbone"
  static let example = "[-1, 1, ConvNeXtV2_Block, [96, 0, 3, [3, 3, 9, 3], [96, 192, 384, 768]]]"
  static let usage = ConvNeXtBlockModule.usage
  static let arguments = ConvNeXtBlockModule.arguments
  static let holdsBackbone = true

  private let block: ConvNeXtBlockModule

  init(_ row: ModuleRow) throws { block = try ConvNeXtBlockModule(row, isVersion2: true) }

  var stage: Int { block.stage }
  var channels: Int { block.channels }
  var shownArguments: [ModelValue] { block.shownArguments }
  var tensors: [ModuleTensor] { block.tensors }
  var parameterCount: Int { block.parameterCount }

  func side(for inputs: [Int]) throws(ModuleMisfit) -> Int { try block.side(for: inputs) }

  func build(into network: inout some NetworkBuilding, as name: String, of x: [Int]) throws -> [Int] {
    try block.build(into: &network, as: name, of: x)
  }
}
