/// A C2f of other blocks: `C3k2(c1, c2, n=1, c3k=False, e=0.5, attn=False, g=1, shortcut=True)`.
struct C3k2Module: UnitModule {
  static let name = "C3k2"
  static let classNames = ultralytics("block")
  static let summary =
    "a C2f whose blocks are C3s of kernels 3×3, or bottlenecks, or bottlenecks with attention behind"
  static let example = "[-1, 2, C3k2, [256, False, 0.25]]"
  static let arguments: [ModuleArgument] = [
    .channels, .init("c3k", .bool, default: .bool(false)), .expansion(0.5),
    .init("attn", .bool, default: .bool(false)), .groups, .init("shortcut", .bool, default: .bool(true)),
  ]
  static let takesRepeats = true

  let shownArguments: [ModelValue]
  let unit: C2fUnit

  init(_ row: ModuleRow) throws {
    let (input, output) = (try row.onlyInput(), try row.width())
    let hidden = try row.hiddenWidth(output)
    // The larger scales have C3s whatever the row says.
    let isLarge = ["m", "l", "x"].contains(row.file.scale.name)
    let hasC3s = isLarge || row["c3k"].bool ?? false
    let block = try Self.block(row, hidden, hasC3s: hasC3s)
    unit = C2fUnit(inputs: input, outputs: output, hidden: hidden, block: block, count: row.repeats)
    let own = isLarge ? [.bool(true)] + row.values.dropFirst(2) : Array(row.values.dropFirst())
    shownArguments = [.int(input), .int(output), .int(row.repeats)] + own
  }

  private static func block(_ row: ModuleRow, _ hidden: Int, hasC3s: Bool) throws -> any ModuleUnit {
    let half = hidden / 2
    if row["attn"].bool ?? false {
      let attention = try AttentionBlockUnit(outputs: hidden, row)
      return SequenceUnit(
        units: [("0", try bottleneck(row, hidden, half)), ("1", attention)], outputs: hidden)
    }
    return hasC3s ? try deepBlock(row, hidden) : try bottleneck(row, hidden, half)
  }

  /// A C3 of two bottlenecks of kernels 3×3: `C3k`.
  static func deepBlock(_ row: ModuleRow, _ hidden: Int) throws -> any ModuleUnit {
    let half = hidden / 2
    let bottleneck = try bottleneck(row, half, half)
    return C3Unit(
      inputs: hidden, outputs: hidden, hidden: half,
      path: SequenceUnit(units: (0..<2).map { ("m.\($0)", bottleneck) }, outputs: half))
  }

  private static func bottleneck(_ row: ModuleRow, _ width: Int, _ hidden: Int) throws -> BottleneckUnit {
    let groups = try row.groups(width, width)
    guard hidden > 0, hidden % groups == 0 else {
      throw row.error(
        "\(groups) groups divide the \(hidden) channels of its bottlenecks with a rest, or there is none")
    }
    return BottleneckUnit(
      inputs: width, outputs: width, hidden: hidden, groups: groups, shortcut: row["shortcut"].bool ?? true,
      kernels: [3, 3])
  }
}
