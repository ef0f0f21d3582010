/// Two paths, one of them through a transformer: `C3TR(c1, c2, n=1, shortcut=True, g=1, e=0.5)`.
struct C3TRModule: C3Family {
  static let name = "C3TR"
  static let classNames = shared(in: "block")
  static let summary = "a C3 whose bottlenecks are one transformer of four heads, a layer for each repeat"
  static let example = "[-1, 3, C3TR, [1024]]"

  let unit: C3Unit
  let shownArguments: [ModelValue]

  private static let heads = 4

  static func path(_ row: ModuleRow, hidden: Int, groups: Int) throws -> [(
    name: String, unit: any ModuleUnit
  )] {
    guard hidden % heads == 0 else {
      throw row.error("\(heads) heads divide \(hidden) channels with a rest")
    }
    return [("m", TransformerUnit(outputs: hidden, heads: heads, layers: row.repeats))]
  }
}
