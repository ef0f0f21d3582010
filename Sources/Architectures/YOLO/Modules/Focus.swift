/// Four pixels become the channels of one before a `Conv`: `Focus(c1, c2, k=1, s=1, p=None, g=1, act=True)`.
struct FocusModule: UnitModule {
  static let name = "Focus"
  static let classNames = shared(in: "conv")
  static let summary = "every second pixel of every second row, four times over, as channels before a Conv"
  static let example = "[-1, 1, Focus, [64, 3]]"
  static let arguments: [ModuleArgument] = [
    .channels, .kernel(1), .stride, .init("padding", .int(0...63), default: ModelValue.none), .groups, .act,
  ]

  let shownArguments: [ModelValue]
  let unit: Unit

  struct Unit: ModuleUnit {
    let convolution: ConvolutionUnit

    var outputs: Int { convolution.outputs }
    var tensors: [ModuleTensor] { convolution.tensors.within("conv") }

    func side(for input: Int) throws(ModuleMisfit) -> Int {
      try convolution.side(for: try ModuleMisfit.divided(input, by: 2))
    }

    func build(into network: inout some NetworkBuilding, as name: String, of x: Int) throws -> Int {
      // The rows come first: it joins ::2, 1::2 of the rows for the even columns, then for the odd ones.
      let pixels = try network.contract(name, gain: 2, order: .columns, of: x)
      return try convolution.build(into: &network, as: name + ".conv", of: pixels)
    }
  }

  init(_ row: ModuleRow) throws {
    let (input, output) = (try row.onlyInput(), try row.width())
    unit = Unit(
      convolution: ConvolutionUnit(
        inputs: 4 * input, outputs: output, kernel: Sides(row.int("kernel")),
        stride: Sides(row.int("stride")),
        padding: row["padding"].int, groups: try row.groups(4 * input, output),
        activates: row["act"].bool ?? true))
    shownArguments = row.shown(input, output)
  }
}

extension ModuleMisfit {
  /// A part of a side that must divide.
  static func divided(_ side: Int, by gain: Int) throws(ModuleMisfit) -> Int {
    guard side % gain == 0 else {
      throw ModuleMisfit("it joins \(gain) pixels to one, and a side of \(side) pixels does not divide")
    }
    return side / gain
  }
}
