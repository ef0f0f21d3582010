/// Two paths of half the width, one of them through other units, joined by a third `Conv`.
struct C3Unit: ModuleUnit {
  let inputs: Int
  let outputs: Int
  let hidden: Int
  /// What one path goes through, under the names that it has in the state dict.
  let path: SequenceUnit

  private var entry: ConvolutionUnit { ConvolutionUnit(inputs: inputs, outputs: hidden) }
  private var exit: ConvolutionUnit { ConvolutionUnit(inputs: 2 * hidden, outputs: outputs) }

  var tensors: [ModuleTensor] {
    entry.tensors.within("cv1") + entry.tensors.within("cv2") + exit.tensors.within("cv3") + path.tensors
  }

  func build(into network: inout some NetworkBuilding, as name: String, of x: Int) throws -> Int {
    let first = try entry.build(into: &network, as: name + ".cv1", of: x)
    let path = try path.build(into: &network, as: name, of: first)
    let skip = try entry.build(into: &network, as: name + ".cv2", of: x)
    let joined = try network.concat(name + ".cat", [path, skip])
    return try exit.build(into: &network, as: name + ".cv3", of: joined)
  }
}

/// C3 and what is made like it: `(c1, c2, n=1, shortcut=True, g=1, e=0.5)`.
protocol C3Family: UnitModule where Unit == C3Unit {
  init(unit: C3Unit, shownArguments: [ModelValue])

  /// What one path goes through.
  static func path(_ row: ModuleRow, hidden: Int, groups: Int) throws -> [(
    name: String, unit: any ModuleUnit
  )]
}

extension C3Family {
  static var arguments: [ModuleArgument] { BottleneckModule.arguments }
  static var takesRepeats: Bool { true }

  init(_ row: ModuleRow) throws {
    let (input, output) = (try row.onlyInput(), try row.width())
    let hidden = try row.hiddenWidth(output)
    let path = try Self.path(row, hidden: hidden, groups: try row.groups(hidden, hidden))
    let own: [ModelValue] = Self.takesRepeats ? [.int(row.repeats)] : []
    self.init(
      unit: C3Unit(
        inputs: input, outputs: output, hidden: hidden, path: SequenceUnit(units: path, outputs: hidden)),
      shownArguments: [.int(input), .int(output)] + own + row.values.dropFirst())
  }

  /// As many of them as the row repeats, `m.0` and so on.
  static func repeated(_ row: ModuleRow, _ unit: some ModuleUnit) -> [(name: String, unit: any ModuleUnit)] {
    (0..<row.repeats).map { ("m.\($0)", unit) }
  }
}
