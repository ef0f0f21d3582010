/// The same window several times, one behind the other: `SPPF(c1, c2, k=5, n=3, shortcut=False)`.
struct UltralyticsSPPFModule: UnitModule {
  static let name = "SPPF"
  static let classNames = ultralytics("block")
  static let summary =
    "the largest of a window, of that again, and again, beside the map itself, between two Convs"
  static let example = "[-1, 1, SPPF, [1024, 5]]"
  static let arguments: [ModuleArgument] = [
    .channels, .kernel(5), .init("windows", .int(1...16), default: .int(3)),
    .init("shortcut", .bool, default: .bool(false)),
  ]

  let shownArguments: [ModelValue]
  let unit: PyramidUnit

  init(_ row: ModuleRow) throws {
    let (input, output, kernel) = (try row.onlyInput(), try row.width(), row.int("kernel"))
    try row.windows([kernel], input)
    unit = PyramidUnit(
      inputs: input, outputs: output, kernels: .init(repeating: kernel, count: row.int("windows")),
      isChain: true,
      // A row that says how many windows there are is of a file whose first Conv has no activation.
      activates: row.values.count <= 2, shortcut: (row["shortcut"].bool ?? false) && input == output)
    shownArguments = row.shown(input, output)
  }
}
