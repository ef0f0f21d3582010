/// The `C2f` and what is made like it: a `Conv` in two halves, a chain of blocks behind the second, and a `Conv` over the
/// halves and every block's output.
struct C2fUnit: ModuleUnit {
  let inputs: Int
  let outputs: Int
  /// The channels of a half, and of each block.
  let hidden: Int
  let block: any ModuleUnit
  let count: Int

  private var entry: ConvolutionUnit { ConvolutionUnit(inputs: inputs, outputs: 2 * hidden) }
  private var exit: ConvolutionUnit { ConvolutionUnit(inputs: (2 + count) * hidden, outputs: outputs) }

  var tensors: [ModuleTensor] {
    let own = block.tensors
    return entry.tensors.within("cv1") + exit.tensors.within("cv2")
      + (0..<count).flatMap { own.within("m.\($0)") }
  }

  func build(into network: inout some NetworkBuilding, as name: String, of x: Int) throws -> Int {
    let halves = try entry.build(into: &network, as: name + ".cv1", of: x)
    var values = [halves]
    var last = try network.channels(name + ".half", [hidden..<(2 * hidden)], of: halves)
    for place in 0..<count {
      last = try block.build(into: &network, as: "\(name).m.\(place)", of: last)
      values.append(last)
    }
    return try exit.build(
      into: &network, as: name + ".cv2", of: try network.concat(name + ".cat", values))
  }
}
