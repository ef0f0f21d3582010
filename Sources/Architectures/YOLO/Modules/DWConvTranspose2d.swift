/// A transposed convolution in as many groups as both widths divide by: `DWConvTranspose2d(c1, c2, k=1, s=1, p1=0, p2=0)`.
struct DWConvTranspose2dModule: UnitModule {
  static let name = "DWConvTranspose2d"
  static let classNames = shared(in: "conv")
  static let summary = "an nn.ConvTranspose2d in as many groups as both widths divide by"
  static let example = "[-1, 1, DWConvTranspose2d, [128, 2, 2]]"
  static let arguments: [ModuleArgument] = [
    .channels, .kernel(1), .stride, .init("padding", .int(0...63), default: .int(0)),
    .init("output_padding", .int(0...63), default: .int(0)),
  ]

  let shownArguments: [ModelValue]
  let unit: TransposedUnit

  init(_ row: ModuleRow) throws {
    let (input, output) = (try row.onlyInput(), try row.width())
    unit = try TransposedUnit(
      row, input, output, kernel: row.int("kernel"), groups: greatestCommonDivisor(input, output),
      hasBias: true)
    shownArguments = row.shown(input, output)
  }
}
