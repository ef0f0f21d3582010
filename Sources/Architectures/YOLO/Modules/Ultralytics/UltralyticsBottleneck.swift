/// Two convolutions, as Ultralytics has it: `Bottleneck(c1, c2, shortcut=True, g=1, k=(3, 3), e=0.5)`.
struct UltralyticsBottleneckModule: UnitModule {
  static let name = "Bottleneck"
  static let classNames = ultralytics("block")
  static let summary = "two Convs of kernels of their own, and the input added where the widths allow it"
  static let example = "[-1, 3, Bottleneck, [128]]"
  static let arguments: [ModuleArgument] = [
    .channels, .init("shortcut", .bool, default: .bool(true)), .groups,
    .init("kernels", .ints(count: 2, 1...63), default: .list([.int(3), .int(3)])), .expansion(0.5),
  ]

  let shownArguments: [ModelValue]
  let unit: BottleneckUnit

  init(_ row: ModuleRow) throws {
    let (input, output) = (try row.onlyInput(), try row.width())
    let (hidden, kernels) = (try row.hiddenWidth(output), row["kernels"].ints ?? [])
    if let even = kernels.first(where: { $0 % 2 == 0 }) {
      throw row.error("a kernel of \(even) pixels gives maps of another size than its input")
    }
    unit = BottleneckUnit(
      inputs: input, outputs: output, hidden: hidden, groups: try row.groups(hidden, output),
      shortcut: (row["shortcut"].bool ?? true) && input == output, kernels: kernels)
    shownArguments = row.shown(input, output)
  }
}
