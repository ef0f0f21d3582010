/// Two ghost convolutions and what is added to them: `GhostBottleneck(c1, c2, k=3, s=1)`.
struct GhostBottleneckModule: UnitModule {
  static let name = "GhostBottleneck"
  static let classNames = shared(in: "block")
  static let summary =
    "two GhostConvs, between them a depthwise Conv where the stride is 2, and the input added"
  static let example = "[-1, 1, GhostBottleneck, [128, 3, 2]]"
  static let arguments: [ModuleArgument] = [
    .channels, .kernel(3), .init("stride", .int(1...2), default: .int(1)),
  ]

  let shownArguments: [ModelValue]
  let unit: GhostBottleneckUnit

  init(_ row: ModuleRow) throws {
    let (input, output) = (try row.onlyInput(), try row.width())
    try row.validateHalves(output, output / 2)
    let halves = row.int("stride") == 2
    guard halves || input == output else {
      throw row.error(
        "with a stride of 1 its input of \(input) channels is added to \(output), which PyTorch cannot")
    }
    unit = GhostBottleneckUnit(inputs: input, outputs: output, kernel: row.int("kernel"), halves: halves)
    shownArguments = row.shown(input, output)
  }
}
