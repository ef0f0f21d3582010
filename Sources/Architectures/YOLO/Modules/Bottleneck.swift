/// A narrow layer between two wide ones: `Bottleneck(c1, c2, shortcut=True, g=1, e=0.5)`.
struct BottleneckModule: UnitModule {
  static let name = "Bottleneck"
  static let summary = "Conv 1×1, Conv 3×3, and the input added where the widths allow it"
  static let example = "[-1, 3, Bottleneck, [128]]"
  static let arguments: [ModuleArgument] = [
    .channels, .init("shortcut", .bool, default: .bool(true)), .groups, .expansion(0.5),
  ]

  let shownArguments: [ModelValue]
  let unit: BottleneckUnit

  init(_ row: ModuleRow) throws {
    let (input, output) = (try row.onlyInput(), try row.width())
    let hidden = try row.hiddenWidth(output)
    unit = BottleneckUnit(
      inputs: input, outputs: output, hidden: hidden, groups: try row.groups(hidden, output),
      shortcut: (row["shortcut"].bool ?? true) && input == output)
    shownArguments = row.shown(input, output)
  }
}
