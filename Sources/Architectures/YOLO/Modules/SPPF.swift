/// The same window three times, one behind the other: `SPPF(c1, c2, k=5)`.
struct SPPFModule: UnitModule {
  static let name = "SPPF"
  static let summary =
    "the largest of a window, of that again, and again, beside the map itself, between two Convs"
  static let example = "[-1, 1, SPPF, [1024, 5]]"
  static let arguments: [ModuleArgument] = [.channels, .kernel(5)]

  let shownArguments: [ModelValue]
  let unit: PyramidUnit

  init(_ row: ModuleRow) throws {
    let (input, output, kernel) = (try row.onlyInput(), try row.width(), row.int("kernel"))
    try row.windows([kernel], input)
    unit = PyramidUnit(inputs: input, outputs: output, kernels: [kernel, kernel, kernel], isChain: true)
    shownArguments = row.shown(input, output)
  }
}
