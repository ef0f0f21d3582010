/// The `SPP` and the `SPPF`: the largest of windows of several sizes beside the map itself, between two `Conv`s.
struct PyramidUnit: ModuleUnit {
  let inputs: Int
  let outputs: Int
  /// The sides of the windows.
  let kernels: [Int]
  /// Whether each window looks at what the one before gave.
  let isChain: Bool
  /// Whether the first `Conv` has an activation.
  var activates = true
  /// Whether the input is added.
  var shortcut = false

  private var hidden: Int { inputs / 2 }
  private var first: ConvolutionUnit {
    ConvolutionUnit(inputs: inputs, outputs: hidden, activates: activates)
  }
  private var second: ConvolutionUnit {
    ConvolutionUnit(inputs: hidden * (kernels.count + 1), outputs: outputs)
  }

  var tensors: [ModuleTensor] { first.tensors.within("cv1") + second.tensors.within("cv2") }

  func build(into network: inout some NetworkBuilding, as name: String, of x: Int) throws -> Int {
    var values = [try first.build(into: &network, as: name + ".cv1", of: x)]
    for (place, kernel) in kernels.enumerated() {
      values.append(
        try network.maxPool(
          isChain ? name + ".m" : "\(name).m.\(place)", kernel: kernel, stride: 1, padding: kernel / 2,
          of: values[isChain ? place : 0]))
    }
    return try second.build(
      into: &network, as: name + ".cv2", of: try network.concat(name + ".cat", values),
      adding: shortcut ? x : nil)
  }
}

extension ModuleRow {
  /// Sides of windows that leave the size of a map as it is.
  func windows(_ kernels: [Int], _ inputs: Int) throws {
    if let even = kernels.first(where: { $0 % 2 == 0 }) {
      throw error(
        "a window of \(even) pixels gives maps of another size than its input, which cannot be joined with it"
      )
    }
    guard inputs > 1 else { throw error("its hidden layer would have no channel") }
  }
}
