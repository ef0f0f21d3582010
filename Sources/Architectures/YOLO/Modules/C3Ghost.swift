/// Two paths, one of them through ghost bottlenecks: `C3Ghost(c1, c2, n=1, shortcut=True, g=1, e=0.5)`.
struct C3GhostModule: C3Family {
  static let name = "C3Ghost"
  static let classNames = shared(in: "block")
  static let summary = "a C3 whose bottlenecks are GhostBottlenecks"
  static let example = "[-1, 3, C3Ghost, [128]]"

  let unit: C3Unit
  let shownArguments: [ModelValue]

  static func path(_ row: ModuleRow, hidden: Int, groups: Int) throws -> [(
    name: String, unit: any ModuleUnit
  )] {
    try row.validateHalves(hidden, hidden / 2)
    return repeated(row, GhostBottleneckUnit(inputs: hidden, outputs: hidden, kernel: 3, halves: false))
  }
}
