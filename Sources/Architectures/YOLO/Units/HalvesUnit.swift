/// A Conv whose output is cut into halves of channels, one of which goes through a chain, joined by a second Conv: what `C2` and
/// `C2PSA` have in common.
struct HalvesUnit: ModuleUnit {
  let inputs: Int
  let outputs: Int
  /// The channels of a half.
  let hidden: Int
  let path: SequenceUnit
  /// Whether the first half goes through the chain; the second does otherwise.
  let changesFirst: Bool

  private var entry: ConvolutionUnit { ConvolutionUnit(inputs: inputs, outputs: 2 * hidden) }
  private var exit: ConvolutionUnit { ConvolutionUnit(inputs: 2 * hidden, outputs: outputs) }

  var tensors: [ModuleTensor] {
    entry.tensors.within("cv1") + exit.tensors.within("cv2") + path.tensors
  }

  func build(into network: inout some NetworkBuilding, as name: String, of x: Int) throws -> Int {
    let whole = try entry.build(into: &network, as: name + ".cv1", of: x)
    var halves = [
      try network.channels(name + ".first", [0..<hidden], of: whole),
      try network.channels(name + ".second", [hidden..<(2 * hidden)], of: whole),
    ]
    let changed = changesFirst ? 0 : 1
    halves[changed] = try path.build(into: &network, as: name, of: halves[changed])
    return try exit.build(into: &network, as: name + ".cv2", of: try network.concat(name + ".cat", halves))
  }
}
