/// Attention for half of the channels: `C2PSA(c1, c2, n=1, e=0.5)`.
struct C2PSAModule: UnitModule {
  static let name = "C2PSA"
  static let classNames = ultralytics("block")
  static let summary = "two halves of a Conv, one through blocks of attention, joined by a second Conv"
  static let example = "[-1, 2, C2PSA, [1024]]"
  static let arguments: [ModuleArgument] = [.channels, .expansion(0.5)]
  static let takesRepeats = true

  let shownArguments: [ModelValue]
  let unit: HalvesUnit

  init(_ row: ModuleRow) throws {
    let (input, output) = (try row.onlyInput(), try row.width())
    guard input == output else {
      throw row.error(
        "it must give as many channels as it takes, not \(input) and \(output): Ultralytics stops with an AssertionError"
      )
    }
    let hidden = try row.hiddenWidth(output)
    let block = try AttentionBlockUnit(outputs: hidden, row)
    unit = HalvesUnit(
      inputs: input, outputs: output, hidden: hidden,
      path: SequenceUnit(units: (0..<row.repeats).map { ("m.\($0)", block) }, outputs: hidden),
      changesFirst: false)
    shownArguments = [.int(input), .int(output), .int(row.repeats)] + row.values.dropFirst()
  }
}
