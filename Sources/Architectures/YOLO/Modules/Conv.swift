internal import SutureTensors

/// A convolution, a batch norm and SiLU: `Conv(c1, c2, k=1, s=1, p=None, g=1)`.
struct ConvModule: YOLOModule {
  static let name = "Conv"
  static let summary = "a convolution without bias, a batch norm, an activation"
  static let example = "[-1, 1, Conv, [128, 3, 2]]"
  static let arguments: [ModuleArgument] = [
    .channels, .init("kernel", .int(1...63), default: .int(1)),
    .init("stride", .int(1...63), default: .int(1)),
    .init("padding", .int(0...63), default: ModelValue.none), .groups,
  ]

  let shownArguments: [ModelValue]
  private let unit: ConvolutionUnit

  init(_ row: ModuleRow) throws {
    let (input, output) = (try row.onlyInput(), try row.width())
    unit = ConvolutionUnit(
      inputs: input, outputs: output, kernel: row.int("kernel"), stride: row.int("stride"),
      padding: row["padding"].int, groups: try row.groups(input, output))
    shownArguments = [.int(input), .int(output)] + row.values.dropFirst()
  }

  var channels: Int { unit.outputs }
  var tensors: [ModuleTensor] { unit.tensors }

  func side(for inputs: [Int]) throws(ModuleMisfit) -> Int { try unit.side(for: inputs[0]) }

  func build(into network: inout some NetworkBuilding, as name: String, of x: [Int]) throws -> [Int] {
    [try unit.build(into: &network, as: name, of: x[0])]
  }
}

/// The `Conv` of which other modules are made.
struct ConvolutionUnit {
  let inputs: Int
  let outputs: Int
  var kernel = 1
  var stride = 1
  /// Half the kernel where it is `nil`.
  var padding: Int?
  var groups = 1

  private var shape: [Int] { [outputs, inputs / groups, kernel, kernel] }
  private var pixels: Int { padding ?? kernel / 2 }

  var tensors: [ModuleTensor] {
    [
      ModuleTensor("conv.weight", shape, .uniform(fanIn: shape[1] * kernel * kernel)),
      ModuleTensor("bn.weight", [outputs], .constant(1)), ModuleTensor("bn.bias", [outputs], .constant(0)),
      ModuleTensor("bn.running_mean", [outputs], .constant(0), isParameter: false),
      ModuleTensor("bn.running_var", [outputs], .constant(1), isParameter: false),
      // Nothing reads it: it counts batches.
      ModuleTensor(
        "bn.num_batches_tracked", [], .constant(0), dtype: .int64, isParameter: false, isRead: false),
    ]
  }

  func side(for input: Int) throws(ModuleMisfit) -> Int {
    try ConvolutionLayer.outputSize(input, input, kernel: kernel, stride: stride, padding: pixels).height
  }

  func build(into network: inout some NetworkBuilding, as name: String, of x: Int) throws -> Int {
    let layer = ConvolutionLayer(
      name + ".conv", shape: shape, hasBias: false, stride: stride, padding: pixels, groups: groups,
      batchNorm: name + ".bn", activation: try network.convolutionActivation(of: name))
    return try network.convolution(name, layer, of: x)
  }
}
