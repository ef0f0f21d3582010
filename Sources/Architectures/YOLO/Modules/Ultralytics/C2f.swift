/// Every bottleneck's output beside what came in: `C2f(c1, c2, n=1, shortcut=False, g=1, e=0.5)`.
struct C2fModule: UnitModule {
  static let name = "C2f"
  static let classNames = ultralytics("block")
  static let summary =
    "two halves of a Conv and the outputs of a chain of bottlenecks, joined by a second Conv"
  static let example = "[-1, 3, C2f, [128, True]]"
  static let arguments: [ModuleArgument] = [
    .channels, .init("shortcut", .bool, default: .bool(false)), .groups, .expansion(0.5),
  ]
  static let takesRepeats = true

  let shownArguments: [ModelValue]
  let unit: C2fUnit

  init(_ row: ModuleRow) throws {
    let (input, output) = (try row.onlyInput(), try row.width())
    let hidden = try row.hiddenWidth(output)
    let bottleneck = BottleneckUnit(
      inputs: hidden, outputs: hidden, hidden: hidden, groups: try row.groups(hidden, hidden),
      shortcut: row["shortcut"].bool ?? false, kernels: [3, 3])
    unit = C2fUnit(inputs: input, outputs: output, hidden: hidden, block: bottleneck, count: row.repeats)
    shownArguments = [.int(input), .int(output), .int(row.repeats)] + row.values.dropFirst()
  }
}
