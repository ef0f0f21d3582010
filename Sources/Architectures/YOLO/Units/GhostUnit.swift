/// The `GhostConv` of which other modules are made: half of the channels by a `Conv`, the other half made of those,
/// channel by channel.
struct GhostUnit: ModuleUnit {
  let inputs: Int
  let outputs: Int
  var kernel = 1
  var stride = 1
  var groups = 1
  var activates = true

  private var first: ConvolutionUnit {
    ConvolutionUnit(
      inputs: inputs, outputs: outputs / 2, kernel: Sides(kernel), stride: Sides(stride), groups: groups,
      activates: activates)
  }
  private var second: ConvolutionUnit {
    ConvolutionUnit(
      inputs: outputs / 2, outputs: outputs / 2, kernel: 5, groups: outputs / 2, activates: activates)
  }

  var tensors: [ModuleTensor] { first.tensors.within("cv1") + second.tensors.within("cv2") }

  func side(for input: Int) throws(ModuleMisfit) -> Int { try first.side(for: input) }

  func build(into network: inout some NetworkBuilding, as name: String, of x: Int) throws -> Int {
    let half = try first.build(into: &network, as: name + ".cv1", of: x)
    let other = try second.build(into: &network, as: name + ".cv2", of: half)
    return try network.concat(name + ".cat", [half, other])
  }
}

/// The `GhostBottleneck` of which C3Ghost is made.
struct GhostBottleneckUnit: ModuleUnit {
  let inputs: Int
  let outputs: Int
  let kernel: Int
  /// Whether it halves the sides.
  let halves: Bool

  private func depthwise(_ channels: Int) -> ConvolutionUnit {
    ConvolutionUnit(
      inputs: channels, outputs: channels, kernel: Sides(kernel), stride: 2, groups: channels,
      activates: false)
  }

  private var path: SequenceUnit {
    let first = GhostUnit(inputs: inputs, outputs: outputs / 2)
    let last = GhostUnit(inputs: outputs / 2, outputs: outputs, activates: false)
    let middle: [(name: String, unit: any ModuleUnit)] = halves ? [("1", depthwise(outputs / 2))] : []
    return SequenceUnit(units: [("0", first)] + middle + [("2", last)], outputs: outputs)
  }

  private var shortcut: SequenceUnit {
    let last = ConvolutionUnit(inputs: inputs, outputs: outputs, activates: false)
    return SequenceUnit(units: halves ? [("0", depthwise(inputs)), ("1", last)] : [], outputs: outputs)
  }

  var tensors: [ModuleTensor] { path.tensors.within("conv") + shortcut.tensors.within("shortcut") }

  func side(for input: Int) throws(ModuleMisfit) -> Int { try path.side(for: input) }

  func build(into network: inout some NetworkBuilding, as name: String, of x: Int) throws -> Int {
    let made = try path.build(into: &network, as: name + ".conv", of: x)
    return try network.add(name, made, try shortcut.build(into: &network, as: name + ".shortcut", of: x))
  }
}

extension ModuleRow {
  /// Refuses a number of channels that a GhostConv cannot halve.
  func validateHalves(_ channels: Int...) throws {
    for channels in channels where channels % 2 != 0 || channels == 0 {
      throw error("it halves \(channels) channels, and PyTorch stops where one is left")
    }
  }
}
