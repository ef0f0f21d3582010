/// A convolution, a batch norm and SiLU: `Conv(c1, c2, k=1, s=1, p=None, g=1, d=1, act=True)`.
struct ConvModule: UnitModule {
  static let name = "Conv"
  static let classNames = shared(in: "conv")
  static let summary = "a convolution without bias, a batch norm, an activation"
  static let example = "[-1, 1, Conv, [128, 3, 2]]"
  static let arguments: [ModuleArgument] = [
    .channels, .kernel(1), .stride, .init("padding", .int(0...63), default: ModelValue.none), .groups,
    .dilation, .act,
  ]

  let shownArguments: [ModelValue]
  let unit: ConvolutionUnit

  init(_ row: ModuleRow) throws {
    let (input, output) = (try row.onlyInput(), try row.width())
    unit = ConvolutionUnit(
      inputs: input, outputs: output, kernel: Sides(row.int("kernel")), stride: Sides(row.int("stride")),
      padding: row["padding"].int, dilation: row.int("dilation"), groups: try row.groups(input, output),
      activates: row["act"].bool ?? true)
    shownArguments = row.shown(input, output)
  }
}
