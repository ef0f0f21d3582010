/// The `CrossConv` of which C3x is made: a kernel of one row, then one of one column.
struct CrossUnit: ModuleUnit {
  let inputs: Int
  let outputs: Int
  let hidden: Int
  var kernel = 3
  var stride = 1
  var groups = 1
  var shortcut = false

  private var first: ConvolutionUnit {
    ConvolutionUnit(
      inputs: inputs, outputs: hidden, kernel: Sides(height: 1, width: kernel),
      stride: Sides(height: 1, width: stride))
  }
  private var second: ConvolutionUnit {
    ConvolutionUnit(
      inputs: hidden, outputs: outputs, kernel: Sides(height: kernel, width: 1),
      stride: Sides(height: stride, width: 1), groups: groups)
  }

  var tensors: [ModuleTensor] { first.tensors.within("cv1") + second.tensors.within("cv2") }

  // Rows and columns shrink alike.
  func side(for input: Int) throws(ModuleMisfit) -> Int { try second.side(for: input) }

  func build(into network: inout some NetworkBuilding, as name: String, of x: Int) throws -> Int {
    let hidden = try first.build(into: &network, as: name + ".cv1", of: x)
    return try second.build(into: &network, as: name + ".cv2", of: hidden, adding: shortcut ? x : nil)
  }
}
