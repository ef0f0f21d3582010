/// A convolution that makes maps larger:
/// `nn.ConvTranspose2d(in, out, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True)`.
struct ConvTranspose2dModule: UnitModule {
  static let name = "nn.ConvTranspose2d"
  static let classNames = torch("conv")
  static let summary = "a convolution that makes maps larger, with a bias, and nothing behind it"
  static let example = "[-1, 1, nn.ConvTranspose2d, [128, 2, 2]]"
  static let arguments: [ModuleArgument] = [
    .channels, .init("kernel_size", .int(1...63)), .stride, .init("padding", .int(0...63), default: .int(0)),
    .init("output_padding", .int(0...63), default: .int(0)), .groups,
    .init("bias", .bool, default: .bool(true)),
  ]

  let shownArguments: [ModelValue]
  let unit: TransposedUnit

  init(_ row: ModuleRow) throws {
    let (input, output) = (try row.onlyInput(), try row.width())
    unit = try TransposedUnit(
      row, input, output, kernel: row.int("kernel_size"), groups: try row.groups(input, output),
      hasBias: row["bias"].bool ?? true)
    shownArguments = row.shown(input, output)
  }
}

/// The transposed convolution of two modules.
struct TransposedUnit: ModuleUnit {
  private let layer: TransposedLayer

  init(_ row: ModuleRow, _ input: Int, _ output: Int, kernel: Int, groups: Int, hasBias: Bool) throws {
    layer = TransposedLayer(
      shape: [input, output / groups, kernel, kernel], hasBias: hasBias, stride: row.int("stride"),
      padding: row.int("padding"), outputPadding: row.int("output_padding"), groups: groups)
    guard layer.outputPadding < layer.stride || layer.outputPadding == 0 else {
      throw row.error(
        "an output_padding of \(layer.outputPadding) is not less than its stride of \(layer.stride), and PyTorch stops"
      )
    }
  }

  var outputs: Int { layer.shape[1] * layer.groups }

  var tensors: [ModuleTensor] {
    // PyTorch counts the second axis as what comes in.
    let initial = InitialValues.uniform(fanIn: layer.shape[1] * layer.shape[2] * layer.shape[3])
    return [ModuleTensor("weight", layer.shape, initial)]
      + (layer.hasBias ? [ModuleTensor("bias", [outputs], initial)] : [])
  }

  func side(for input: Int) throws(ModuleMisfit) -> Int { try layer.side(for: input) }

  func build(into network: inout some NetworkBuilding, as name: String, of x: Int) throws -> Int {
    try network.transposedConvolution(name, layer, of: x)
  }
}
