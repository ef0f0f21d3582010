/// A narrow layer between two wide ones: `Bottleneck(c1, c2, shortcut=True, g=1, e=0.5)`.
package struct BottleneckModule: YOLOModule {
  package static let name = "Bottleneck"
  package static let summary = "Conv 1×1, Conv 3×3, and the input added where the widths allow it"
  package static let example = "[-1, 3, Bottleneck, [128]]"
  package static let arguments: [ModuleArgument] = [
    .channels, .init("shortcut", .bool(default: true)), .groups, .init("expansion", .fraction(default: 0.5)),
  ]

  package let shownArguments: [ModelValue]
  private let unit: BottleneckUnit

  package init(_ row: ModuleRow) throws {
    let (input, output) = (try row.onlyInput(), try row.width())
    let hidden = try row.hiddenWidth(output)
    unit = BottleneckUnit(
      inputs: input, outputs: output, hidden: hidden, groups: try row.groups(hidden, output),
      shortcut: row.bool("shortcut") && input == output)
    shownArguments = [.int(input), .int(output)] + row.values.dropFirst()
  }

  package var channels: Int { unit.outputs }
  package var tensors: [ModuleTensor] { unit.tensors }

  package func build<Builder: NetworkBuilding>(
    into builder: inout Builder, as name: String, of inputs: [Builder.Value]
  ) throws -> [Builder.Value] {
    [try unit.build(into: &builder, as: name, of: inputs[0])]
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

  func build<Builder: NetworkBuilding>(
    into builder: inout Builder, as name: String, of x: Builder.Value
  ) throws -> Builder.Value {
    let hidden = try first.build(into: &builder, as: name + ".cv1", of: x)
    let output = try second.build(into: &builder, as: name + ".cv2", of: hidden)
    return shortcut ? try builder.add(name, output, x) : output
  }
}
