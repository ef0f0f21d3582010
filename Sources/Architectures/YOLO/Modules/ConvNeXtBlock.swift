/// A stage of a ConvNeXt with the downsampling before it: `ConvNeXt_Block(index, in_chans, depths, dims)`.
///
/// Every one holds a whole backbone and runs the stage of its index alone, at whichever layer it stands.
package struct ConvNeXtBlockModule: YOLOModule, BackboneStage {
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
  /// The stage that it runs.
  let stage: Int
  private let configuration: ConvNeXtConfiguration

  init(_ row: ModuleRow) throws { try self.init(row, isVersion2: false) }

  init(_ row: ModuleRow, isVersion2: Bool) throws {
    stage = row.int("index")
    var configuration = ConvNeXtConfiguration(
      depths: row["depths"].ints ?? [], dims: row["dims"].ints ?? [], inputChannels: row.int("input channels")
    )
    configuration.hasResponseNorm = isVersion2
    self.configuration = configuration
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
        configuration.scheme.name(key) ?? "", configuration.storedShape(of: key), key.initialValues,
        isRead: key.stage == stage)
    }
  }

  var parameterCount: Int { configuration.backboneParameterCount }

  func side(for inputs: [Int]) throws(ModuleMisfit) -> Int {
    let kernel = Sides(ConvNeXtConfiguration.downsampling(stage))
    return try ConvolutionLayer.outputSize(
      inputs[0], inputs[0], kernel: kernel, stride: kernel, padding: 0
    ).height
  }

  func build(into network: inout some NetworkBuilding, as name: String, of x: [Int]) throws -> [Int] {
    // A class of version 2 may have any name, this one too, and its weights tell it.
    var own = configuration
    let module = own.scheme.module(.responseNorm, stage: stage, under: name + ".")
    own.hasResponseNorm =
      own.hasResponseNorm || network.has(own.scheme.tensor(.weight, of: .responseNorm, called: module))
    return [try own.buildStage(stage, under: name + ".", into: &network, of: x[0])]
  }
}

/// A module that runs one stage of the backbone that it holds.
protocol BackboneStage {
  /// The stage that it runs.
  var stage: Int { get }
}

extension ConvNeXtKey {
  /// What facebookresearch's `_init_weights` gives it, and the constructors of its norms and blocks; the other libraries
  /// do the same.
  var initialValues: InitialValues {
    switch part {
    case .layerScale: .constant(InitialLayerScale.value)
    case .responseNorm: .constant(0)
    case let part where part.isNorm || part.isOfStem: .constant(leaf == .weight ? 1 : 0)
    default: leaf == .weight ? .normal(deviation: 0.02) : .constant(0)
    }
  }
}
