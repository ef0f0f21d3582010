/// A `Conv` in as many groups as both widths divide by: `DWConv(c1, c2, k=1, s=1, d=1, act=True)`.
struct DWConvModule: UnitModule {
  static let name = "DWConv"
  static let classNames = shared(in: "conv")
  static let summary = "a Conv in as many groups as both widths divide by: depthwise where they are the same"
  static let example = "[-1, 1, DWConv, [128, 3, 2]]"
  static let arguments: [ModuleArgument] = [.channels, .kernel(1), .stride, .dilation, .act]

  let shownArguments: [ModelValue]
  let unit: ConvolutionUnit

  init(_ row: ModuleRow) throws {
    let (input, output) = (try row.onlyInput(), try row.width())
    unit = ConvolutionUnit(
      inputs: input, outputs: output, kernel: Sides(row.int("kernel")), stride: Sides(row.int("stride")),
      dilation: row.int("dilation"), groups: greatestCommonDivisor(input, output),
      activates: row["act"].bool ?? true)
    shownArguments = row.shown(input, output)
  }
}

/// As Python's `math.gcd`.
func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : greatestCommonDivisor(b, a % b) }
