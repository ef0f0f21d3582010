internal import SutureTensors

/// The `Conv` of which other modules are made: a convolution, a batch norm, an activation.
struct ConvolutionUnit: ModuleUnit {
  let inputs: Int
  let outputs: Int
  var kernel: Sides = 1
  var stride: Sides = 1
  /// What leaves the size as it is where it is `nil`.
  var padding: Int?
  var dilation = 1
  var groups = 1
  /// Whether an activation follows.
  var activates = true

  private var shape: [Int] { [outputs, inputs / groups, kernel.height, kernel.width] }

  /// As `autopad` has it: half of what the kernel covers.
  private var pixels: Sides {
    if let padding { return Sides(padding) }
    return Sides(
      height: (dilation * (kernel.height - 1) + 1) / 2, width: (dilation * (kernel.width - 1) + 1) / 2)
  }

  var tensors: [ModuleTensor] {
    [ModuleTensor("conv.weight", shape, .uniform(fanIn: shape[1] * kernel.area))]
      + ModuleTensor.batchNorm(outputs).within("bn")
  }

  func side(for input: Int) throws(ModuleMisfit) -> Int {
    try ConvolutionLayer.outputSize(
      input, input, kernel: kernel, stride: stride, padding: pixels, dilation: dilation
    ).height
  }

  func build(into network: inout some NetworkBuilding, as name: String, of x: Int) throws -> Int {
    try build(into: &network, as: name, of: x, adding: nil)
  }

  /// - Parameter other: what is added at the end.
  func build(
    into network: inout some NetworkBuilding, as name: String, of x: Int, adding other: Int?
  ) throws -> Int {
    let layer = ConvolutionLayer(
      name + ".conv", shape: shape, hasBias: false, stride: stride, padding: pixels, dilation: dilation,
      groups: groups, batchNorm: name + ".bn",
      activation: activates ? try network.convolutionActivation(of: name) : .none)
    return try network.convolution(name, layer, of: x, adding: other)
  }
}

/// An `nn.Conv2d` of one pixel, with a bias and nothing behind it.
struct PlainConvolutionUnit: ModuleUnit {
  let inputs: Int
  let outputs: Int

  private var shape: [Int] { [outputs, inputs, 1, 1] }

  var tensors: [ModuleTensor] {
    [
      ModuleTensor("weight", shape, .uniform(fanIn: inputs)),
      ModuleTensor("bias", [outputs], .uniform(fanIn: inputs)),
    ]
  }

  func build(into network: inout some NetworkBuilding, as name: String, of x: Int) throws -> Int {
    try network.convolution(name, ConvolutionLayer(name, shape: shape), of: x)
  }
}

extension ModuleTensor {
  /// Those of `nn.BatchNorm2d`.
  static func batchNorm(_ channels: Int) -> [ModuleTensor] {
    [
      ModuleTensor("weight", [channels], .constant(1)), ModuleTensor("bias", [channels], .constant(0)),
      ModuleTensor("running_mean", [channels], .constant(0), isParameter: false),
      ModuleTensor("running_var", [channels], .constant(1), isParameter: false),
      // Nothing reads it: it counts batches.
      ModuleTensor(
        "num_batches_tracked", [], .constant(0), dtype: .int64, isParameter: false, isRead: false),
    ]
  }
}
