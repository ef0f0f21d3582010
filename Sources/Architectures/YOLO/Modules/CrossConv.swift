/// A kernel of one row, then one of one column: `CrossConv(c1, c2, k=3, s=1, g=1, e=1.0, shortcut=False)`.
struct CrossConvModule: UnitModule {
  static let name = "CrossConv"
  static let summary = "a Conv of one row, a Conv of one column, and the input added where that is asked"
  static let example = "[-1, 1, CrossConv, [128, 3, 2]]"
  static let arguments: [ModuleArgument] = [
    .channels, .kernel(3), .stride, .groups, .expansion(1), .init("shortcut", .bool, default: .bool(false)),
  ]

  let shownArguments: [ModelValue]
  let unit: CrossUnit

  init(_ row: ModuleRow) throws {
    let (input, output) = (try row.onlyInput(), try row.width())
    let (hidden, stride) = (try row.hiddenWidth(output), row.int("stride"))
    let shortcut = (row["shortcut"].bool ?? false) && input == output
    guard !shortcut || stride == 1 else {
      throw row.error("with a stride of \(stride) its input has another size, and cannot be added")
    }
    guard !shortcut || row.int("kernel") % 2 == 1 else {
      throw row.error("with a kernel of \(row.int("kernel")) its input has another size, and cannot be added")
    }
    unit = CrossUnit(
      inputs: input, outputs: output, hidden: hidden, kernel: row.int("kernel"), stride: stride,
      groups: try row.groups(hidden, output), shortcut: shortcut)
    shownArguments = row.shown(input, output)
  }
}
