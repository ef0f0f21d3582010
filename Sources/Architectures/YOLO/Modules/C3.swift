/// Two paths, one of them through bottlenecks: `C3(c1, c2, n=1, shortcut=True, g=1, e=0.5)`.
struct C3Module: C3Family {
  static let name = "C3"
  static let classNames = shared(in: "block")
  static let summary = "two paths of half the width, one through bottlenecks, joined by a third Conv"
  static let example = "[-1, 3, C3, [128, False]]"

  let unit: C3Unit
  let shownArguments: [ModelValue]

  static func path(_ row: ModuleRow, hidden: Int, groups: Int) -> [(name: String, unit: any ModuleUnit)] {
    repeated(
      row,
      BottleneckUnit(
        inputs: hidden, outputs: hidden, hidden: hidden, groups: groups,
        shortcut: row["shortcut"].bool ?? true))
  }
}
