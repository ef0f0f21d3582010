/// Two paths, one of them through bottlenecks: `C3(c1, c2, n=1, shortcut=True, g=1, e=0.5)`.
struct C3Module: YOLOModule {
  static let name = "C3"
  static let summary = "two paths of half the width, one through bottlenecks, joined by a third Conv"
  static let example = "[-1, 3, C3, [128, False]]"
  static let arguments = BottleneckModule.arguments
  static let takesRepeats = true

  let shownArguments: [ModelValue]
  private let entry: ConvolutionUnit
  private let exit: ConvolutionUnit
  private let bottleneck: BottleneckUnit
  private let repeats: Int

  init(_ row: ModuleRow) throws {
    let (input, output) = (try row.onlyInput(), try row.width())
    let hidden = try row.hiddenWidth(output)
    entry = ConvolutionUnit(inputs: input, outputs: hidden)
    exit = ConvolutionUnit(inputs: 2 * hidden, outputs: output)
    bottleneck = BottleneckUnit(
      inputs: hidden, outputs: hidden, hidden: hidden, groups: try row.groups(hidden, hidden),
      shortcut: row["shortcut"].bool ?? true)
    repeats = row.repeats
    shownArguments = [.int(input), .int(output), .int(repeats)] + row.values.dropFirst()
  }

  var channels: Int { exit.outputs }

  private var frame: [ModuleTensor] {
    entry.tensors.within("cv1") + entry.tensors.within("cv2") + exit.tensors.within("cv3")
  }

  var tensors: [ModuleTensor] {
    frame + (0..<repeats).flatMap { bottleneck.tensors.within("m.\($0)") }
  }

  // A file may ask for very many repeats.
  var parameterCount: Int { frame.parameterCount + repeats * bottleneck.tensors.parameterCount }

  func build(into network: inout some NetworkBuilding, as name: String, of x: [Int]) throws -> [Int] {
    var path = try entry.build(into: &network, as: name + ".cv1", of: x[0])
    for index in 0..<repeats {
      path = try bottleneck.build(into: &network, as: "\(name).m.\(index)", of: path)
    }
    let skip = try entry.build(into: &network, as: name + ".cv2", of: x[0])
    let joined = try network.concat(name + ".cat", [path, skip])
    return [try exit.build(into: &network, as: name + ".cv3", of: joined)]
  }
}
