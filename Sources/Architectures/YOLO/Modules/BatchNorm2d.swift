/// A batch norm alone: `nn.BatchNorm2d(c1)`; what the row gives beside it is not looked at.
struct BatchNorm2dModule: UnitModule {
  static let name = "nn.BatchNorm2d"
  static let classNames = torch("batchnorm")
  static let summary = "a batch norm of as many channels as come in, whatever the row says"
  static let example = "[-1, 1, nn.BatchNorm2d, []]"
  static let arguments: [ModuleArgument] = [.init("channels", .int(1...(1 << 16)), default: ModelValue.none)]

  let shownArguments: [ModelValue]
  let unit: Unit

  struct Unit: ModuleUnit {
    let outputs: Int

    var tensors: [ModuleTensor] { ModuleTensor.batchNorm(outputs) }

    func build(into network: inout some NetworkBuilding, as name: String, of x: Int) throws -> Int {
      try network.channelwise(name, norm: name, .none, channels: outputs, of: x)
    }
  }

  init(_ row: ModuleRow) throws {
    let input = try row.onlyInput()
    guard input == row.channelsBefore else {
      throw row.error(
        "it reads \(input) channels of layer \(row.sources[0]), and \(row.file.dialect.program) believes that it gives the "
          + "\(row.channelsBefore) of the layer before it")
    }
    unit = Unit(outputs: input)
    shownArguments = [.int(input)]
  }
}
