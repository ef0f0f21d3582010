/// A stage of a ConvNeXt with the downsampling before it: `ConvNeXt_Block(index, in_chans, depths, dims)`.
///
/// Every one holds a whole backbone, and layer *i* uses stage *i* of it alone: its stage is its index.
package struct ConvNeXtBlockModule: YOLOModule {
  static let name = "ConvNeXt_Block"
  static let summary = "one stage of a ConvNeXt, of which it holds the whole backbone"
  static let example =
    "[-1, 1, ConvNeXt_Block, [96, 0, 3, [3, 3, 9, 3], [96, 192, 384, 768]]]"
  static let usage = "it takes [channels, index, 3, four depths, four dims]"
  static let arguments: [ModuleArgument] = [
    .channels, .init("index", .int(0...3)), .init("input channels", .int(1...4096)),
    .init("depths", .ints(count: 4, 1...1000)), .init("dims", .ints(count: 4, 1...(1 << 16))),
    // It has no tensor, and does nothing when a trained network runs.
    .init("drop_path_rate", .rate, default: .int(0)),
  ]
  static let holdsBackbone = true

  let shownArguments: [ModelValue]
  private let stage: Int
  private let configuration: ConvNeXtConfiguration

  init(_ row: ModuleRow) throws {
    stage = row.int("index")
    configuration = ConvNeXtConfiguration(
      depths: row["depths"].ints ?? [], dims: row["dims"].ints ?? [], inputChannels: row.int("input channels")
    )
    guard row.repeats == 1 else { throw row.error("it cannot be repeated") }
    let (declared, dims) = (row.int(ModuleArgument.channels.name), configuration.dims)
    guard declared == dims[stage] else {
      throw row.error(
        "it declares \(declared) channels, but stage \(stage) of dims \(dims) gives \(dims[stage]); YOLOv5 builds "
          + "that, and PyTorch stops at the layer that reads it: expected input to have \(declared) channels, but got "
          + "\(dims[stage]) channels instead")
    }
    let needed = stage == 0 ? configuration.inputChannels : dims[stage - 1]
    guard try row.onlyInput() == needed else {
      throw row.error(
        "stage \(stage) takes \(needed) channels, layer \(row.sources[0]) gives \(row.inputs[0])")
    }
    shownArguments = Array(row.values.dropFirst())
  }

  var channels: Int { configuration.dims[stage] }

  var tensors: [ModuleTensor] {
    configuration.backboneKeys.map { key in
      ModuleTensor(
        configuration.scheme.name(key) ?? "", configuration.shape(of: key), key.initialValues,
        isRead: key.stage == stage)
    }
  }

  var parameterCount: Int { configuration.backboneParameterCount }

  func side(for inputs: [Int]) throws(ModuleMisfit) -> Int {
    let kernel = ConvNeXtConfiguration.downsampling(stage)
    return try ConvolutionLayer.outputSize(
      inputs[0], inputs[0], kernel: kernel, stride: kernel, padding: 0
    ).height
  }

  func build(into network: inout some NetworkBuilding, as name: String, of x: [Int]) throws -> [Int] {
    [try configuration.buildStage(stage, under: name + ".", into: &network, of: x[0])]
  }
}

extension ConvNeXtBlockModule {
  /// Whether the layer that holds the tensor `name` reads it; `nil` where the name is none of a replicated backbone,
  /// `model.<layer>.stages.<stage>.…` or `model.<layer>.downsample_layers.<stage>.…`.
  ///
  /// Layers are numbered as the stages are: the backbone stands at the front of the model.
  package static func isRead(_ name: String) -> Bool? {
    let parts = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    func isNumber(_ part: Substring.UTF8View) -> Bool {
      !part.isEmpty && part.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
    for start in parts.indices.dropLast(4).reversed() where parts[start].elementsEqual("model".utf8) {
      let (layer, modules, stage) = (parts[start + 1], parts[start + 2], parts[start + 3])
      guard isNumber(layer), isNumber(stage),
        ["stages", "downsample_layers"].contains(where: { modules.elementsEqual($0.utf8) })
      else { continue }
      return layer.elementsEqual(stage)
    }
    return nil
  }
}

extension ConvNeXtKey {
  /// What facebookresearch's `_init_weights` gives it, and the constructors of its norms and blocks.
  fileprivate var initialValues: InitialValues {
    switch part {
    case .layerScale: .constant(InitialLayerScale.value)
    case .stemNorm, .downNorm, .blockNorm, .outputNorm, .finalNorm: .constant(leaf == .weight ? 1 : 0)
    default: leaf == .weight ? .normal(deviation: 0.02) : .constant(0)
    }
  }
}
