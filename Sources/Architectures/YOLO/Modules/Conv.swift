internal import SutureTensors

/// A convolution, a batch norm and SiLU: `Conv(c1, c2, k=1, s=1, p=None, g=1)`.
package struct ConvModule: YOLOModule {
  package static let name = "Conv"
  package static let summary = "a convolution without bias, a batch norm, SiLU"
  package static let example = "[-1, 1, Conv, [128, 3, 2]]"
  package static let arguments: [ModuleArgument] = [
    .channels, .init("kernel", .int(1...63, default: 1)), .init("stride", .int(1...63, default: 1)),
    .init("padding", .optionalInt(0...63)), .groups,
  ]

  package let shownArguments: [ModelValue]
  private let unit: ConvolutionUnit

  package init(_ row: ModuleRow) throws {
    let (input, output) = (try row.onlyInput(), try row.width())
    unit = ConvolutionUnit(
      inputs: input, outputs: output, kernel: row.int("kernel"), stride: row.int("stride"),
      padding: row.optionalInt("padding"), groups: try row.groups(input, output))
    shownArguments = [.int(input), .int(output)] + row.values.dropFirst()
  }

  package var channels: Int { unit.outputs }
  package var tensors: [ModuleTensor] { unit.tensors }

  package func side(for inputs: [Int]) throws(ModuleMisfit) -> Int { try unit.side(for: inputs[0]) }

  package func build<Builder: NetworkBuilding>(
    into builder: inout Builder, as name: String, of inputs: [Builder.Value]
  ) throws -> [Builder.Value] {
    [try unit.build(into: &builder, as: name, of: inputs[0])]
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
      ModuleTensor("conv.weight", shape), ModuleTensor("bn.weight", [outputs]),
      ModuleTensor("bn.bias", [outputs]), ModuleTensor("bn.running_mean", [outputs], isParameter: false),
      ModuleTensor("bn.running_var", [outputs], isParameter: false),
      // Nothing reads it: it counts batches.
      ModuleTensor("bn.num_batches_tracked", [], dtype: .int64, isParameter: false, isRead: false),
    ]
  }

  func side(for input: Int) throws(ModuleMisfit) -> Int {
    guard input + 2 * pixels >= kernel else {
      throw ModuleMisfit(
        "its input of \(input)×\(input) is smaller than its \(kernel)×\(kernel) kernel; a larger image is needed"
      )
    }
    return ConvolutionLayer.outputSide(input, kernel: kernel, stride: stride, padding: pixels)
  }

  func build<Builder: NetworkBuilding>(
    into builder: inout Builder, as name: String, of x: Builder.Value
  ) throws -> Builder.Value {
    let layer = ConvolutionLayer(
      name + ".conv", shape: shape, hasBias: false, stride: stride, padding: pixels, groups: groups,
      batchNorm: name + ".bn", activation: .silu)
    return try builder.convolution(name, layer, of: x)
  }
}
