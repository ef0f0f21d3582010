/// C3 as it was until 2020: `BottleneckCSP(c1, c2, n=1, shortcut=True, g=1, e=0.5)`.
struct BottleneckCSPModule: UnitModule {
  static let name = "BottleneckCSP"
  static let summary = "two paths of half the width, one through bottlenecks, with a batch norm behind both"
  static let example = "[-1, 3, BottleneckCSP, [128]]"
  static let arguments = BottleneckModule.arguments
  static let takesRepeats = true

  let shownArguments: [ModelValue]
  let unit: Unit

  struct Unit: ModuleUnit {
    let inputs: Int
    let outputs: Int
    let hidden: Int
    let path: SequenceUnit

    private var entry: ConvolutionUnit { ConvolutionUnit(inputs: inputs, outputs: hidden) }
    private var exit: ConvolutionUnit { ConvolutionUnit(inputs: 2 * hidden, outputs: outputs) }

    private func plain(_ inputs: Int) -> [Int] { [hidden, inputs, 1, 1] }

    var tensors: [ModuleTensor] {
      entry.tensors.within("cv1") + [
        ModuleTensor("cv2.weight", plain(inputs), .uniform(fanIn: inputs)),
        ModuleTensor("cv3.weight", plain(hidden), .uniform(fanIn: hidden)),
      ] + exit.tensors.within("cv4") + ModuleTensor.batchNorm(2 * hidden).within("bn") + path.tensors
    }

    func build(into network: inout some NetworkBuilding, as name: String, of x: Int) throws -> Int {
      func plain(_ part: String, _ inputs: Int, _ x: Int) throws -> Int {
        let own = "\(name).\(part)"
        return try network.convolution(
          own, ConvolutionLayer(own, shape: self.plain(inputs), hasBias: false), of: x)
      }
      let first = try path.build(
        into: &network, as: name, of: try entry.build(into: &network, as: name + ".cv1", of: x))
      let joined = try network.concat(
        name + ".cat", [try plain("cv3", hidden, first), try plain("cv2", inputs, x)])
      // Its activation is its own, whatever the model file says.
      let normal = try network.channelwise(
        name + ".bn", norm: name + ".bn", try network.moduleActivation(name + ".act", usually: .silu),
        channels: 2 * hidden, of: joined)
      return try exit.build(into: &network, as: name + ".cv4", of: normal)
    }
  }

  init(_ row: ModuleRow) throws {
    let (input, output) = (try row.onlyInput(), try row.width())
    let hidden = try row.hiddenWidth(output)
    let bottleneck = BottleneckUnit(
      inputs: hidden, outputs: hidden, hidden: hidden, groups: try row.groups(hidden, hidden),
      shortcut: row["shortcut"].bool ?? true)
    unit = Unit(
      inputs: input, outputs: output, hidden: hidden,
      path: SequenceUnit(units: (0..<row.repeats).map { ("m.\($0)", bottleneck) }, outputs: hidden))
    shownArguments = [.int(input), .int(output), .int(row.repeats)] + row.values.dropFirst()
  }
}
