/// Half of the channels made of the other half: `GhostConv(c1, c2, k=1, s=1, g=1, act=True)`.
struct GhostConvModule: UnitModule {
  static let name = "GhostConv"
  static let classNames = shared(in: "conv")
  static let summary = "half of the channels by a Conv, the other half made of those by a depthwise Conv 5×5"
  static let example = "[-1, 1, GhostConv, [128, 3, 2]]"
  static let arguments: [ModuleArgument] = [.channels, .kernel(1), .stride, .groups, .act]

  let shownArguments: [ModelValue]
  let unit: GhostUnit

  init(_ row: ModuleRow) throws {
    let (input, output) = (try row.onlyInput(), try row.width())
    try row.validateHalves(output)
    unit = GhostUnit(
      inputs: input, outputs: output, kernel: row.int("kernel"), stride: row.int("stride"),
      groups: try row.groups(input, output / 2), activates: row["act"].bool ?? true)
    shownArguments = row.shown(input, output)
  }
}
