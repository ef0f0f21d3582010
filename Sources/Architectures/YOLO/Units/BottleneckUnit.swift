/// The `Bottleneck` of which C3 and others are made.
struct BottleneckUnit: ModuleUnit {
  let inputs: Int
  let outputs: Int
  let hidden: Int
  let groups: Int
  /// Whether the input is added.
  let shortcut: Bool
  /// Of its two convolutions.
  var kernels: [Int] = [1, 3]

  private var first: ConvolutionUnit {
    ConvolutionUnit(inputs: inputs, outputs: hidden, kernel: Sides(kernels[0]))
  }
  private var second: ConvolutionUnit {
    ConvolutionUnit(inputs: hidden, outputs: outputs, kernel: Sides(kernels[1]), groups: groups)
  }

  var tensors: [ModuleTensor] { first.tensors.within("cv1") + second.tensors.within("cv2") }

  func build(into network: inout some NetworkBuilding, as name: String, of x: Int) throws -> Int {
    let hidden = try first.build(into: &network, as: name + ".cv1", of: x)
    return try second.build(into: &network, as: name + ".cv2", of: hidden, adding: shortcut ? x : nil)
  }
}
