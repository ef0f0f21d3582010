/// One half of a Conv through bottlenecks, joined with the other by a second Conv: `C2(c1, c2, n=1, shortcut=True, g=1, e=0.5)`.
struct C2Module: UnitModule {
  static let name = "C2"
  static let classNames = ultralytics("block")
  static let summary = "two halves of a Conv, one through bottlenecks, joined by a second Conv"
  static let example = "[-1, 3, C2, [128, True]]"
  static let arguments: [ModuleArgument] = [
    .channels, .init("shortcut", .bool, default: .bool(true)), .groups, .expansion(0.5),
  ]
  static let takesRepeats = true

  let shownArguments: [ModelValue]
  let unit: HalvesUnit

  init(_ row: ModuleRow) throws {
    let (input, output) = (try row.onlyInput(), try row.width())
    let hidden = try row.hiddenWidth(output)
    let bottleneck = BottleneckUnit(
      inputs: hidden, outputs: hidden, hidden: hidden, groups: try row.groups(hidden, hidden),
      shortcut: row["shortcut"].bool ?? true, kernels: [3, 3])
    unit = HalvesUnit(
      inputs: input, outputs: output, hidden: hidden,
      path: SequenceUnit(units: (0..<row.repeats).map { ("m.\($0)", bottleneck) }, outputs: hidden),
      changesFirst: true)
    shownArguments = [.int(input), .int(output), .int(row.repeats)] + row.values.dropFirst()
  }
}
