/// A narrow layer between two wide ones: `Bottleneck(c1, c2, shortcut=True, g=1, e=0.5)`.
struct BottleneckModule: YOLOModule {
  static let name = "Bottleneck"
  static let summary = "Conv 1×1, Conv 3×3, and the input added where the widths allow it"
  static let example = "[-1, 3, Bottleneck, [128]]"
  static let arguments: [ModuleArgument] = [
    .channels, .init("shortcut", .bool, default: .bool(true)), .groups,
    .init("expansion", .fraction, default: .double(0.5)),
  ]

  let shownArguments: [ModelValue]
  private let unit: BottleneckUnit

  init(_ row: ModuleRow) throws {
    let (input, output) = (try row.onlyInput(), try row.width())
    let hidden = try row.hiddenWidth(output)
    unit = BottleneckUnit(
      inputs: input, outputs: output, hidden: hidden, groups: try row.groups(hidden, output),
      shortcut: (row["shortcut"].bool ?? true) && input == output)
    shownArguments = [.int(input), .int(output)] + row.values.dropFirst()
  }

  var channels: Int { unit.outputs }
  var tensors: [ModuleTensor] { unit.tensors }

  func build(into network: inout some NetworkBuilding, as name: String, of x: [Int]) throws -> [Int] {
    [try unit.build(into: &network, as: name, of: x[0])]
  }
}

/// The `Bottleneck` of which C3 is made.
struct BottleneckUnit {
  let inputs: Int
  let outputs: Int
  let hidden: Int
  let groups: Int
  /// Whether the input is added.
  let shortcut: Bool

  private var first: ConvolutionUnit { ConvolutionUnit(inputs: inputs, outputs: hidden) }
  private var second: ConvolutionUnit {
    ConvolutionUnit(inputs: hidden, outputs: outputs, kernel: 3, groups: groups)
  }

  var tensors: [ModuleTensor] { first.tensors.within("cv1") + second.tensors.within("cv2") }

  func build(into network: inout some NetworkBuilding, as name: String, of x: Int) throws -> Int {
    let hidden = try first.build(into: &network, as: name + ".cv1", of: x)
    let output = try second.build(into: &network, as: name + ".cv2", of: hidden)
    return shortcut ? try network.add(name, output, x) : output
  }
}
