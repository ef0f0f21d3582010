/// Two paths, one of them through cross convolutions: `C3x(c1, c2, n=1, shortcut=True, g=1, e=0.5)`.
struct C3xModule: C3Family {
  static let name = "C3x"
  static let classNames = shared(in: "block")
  static let summary = "a C3 whose bottlenecks are CrossConvs"
  static let example = "[-1, 3, C3x, [128]]"

  let unit: C3Unit
  let shownArguments: [ModelValue]

  static func path(_ row: ModuleRow, hidden: Int, groups: Int) -> [(name: String, unit: any ModuleUnit)] {
    repeated(
      row,
      CrossUnit(
        inputs: hidden, outputs: hidden, hidden: hidden, groups: groups,
        shortcut: row["shortcut"].bool ?? true))
  }
}
