/// Windows of several sizes side by side: `SPP(c1, c2, k=(5, 9, 13))`.
struct SPPModule: UnitModule {
  static let name = "SPP"
  static let classNames = shared(in: "block")
  static let summary = "the largest of windows of several sizes beside the map itself, between two Convs"
  static let example = "[-1, 1, SPP, [1024, [5, 9, 13]]]"
  static let arguments: [ModuleArgument] = [.channels, kernels]
  static let kernels = ModuleArgument(
    "kernels", .list(1...8, of: 1...63), default: .list([.int(5), .int(9), .int(13)]))

  let shownArguments: [ModelValue]
  let unit: PyramidUnit

  init(_ row: ModuleRow) throws {
    let (input, output, kernels) = (try row.onlyInput(), try row.width(), row["kernels"].ints ?? [])
    try row.windows(kernels, input)
    unit = PyramidUnit(inputs: input, outputs: output, kernels: kernels, isChain: false)
    shownArguments = row.shown(input, output)
  }
}
