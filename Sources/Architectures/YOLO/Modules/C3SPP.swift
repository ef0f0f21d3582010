/// Two paths, one of them through a pyramid: `C3SPP(c1, c2, k=(5, 9, 13), n=1, shortcut=True, g=1, e=0.5)`.
struct C3SPPModule: C3Family {
  static let name = "C3SPP"
  static let summary = "a C3 whose bottlenecks are one SPP"
  static let example = "[-1, 1, C3SPP, [1024, [5, 9, 13]]]"
  static let arguments: [ModuleArgument] = [
    .channels, SPPModule.kernels,
    // They are made, and the pyramid takes their place.
    .init("bottlenecks", .int(1...1000), default: .int(1)), .init("shortcut", .bool, default: .bool(true)),
    .groups, .expansion(0.5),
  ]
  static let takesRepeats = false

  let unit: C3Unit
  let shownArguments: [ModelValue]

  static func path(_ row: ModuleRow, hidden: Int, groups: Int) throws -> [(
    name: String, unit: any ModuleUnit
  )] {
    let kernels = row["kernels"].ints ?? []
    try row.windows(kernels, hidden)
    return [("m", PyramidUnit(inputs: hidden, outputs: hidden, kernels: kernels, isChain: false))]
  }
}
