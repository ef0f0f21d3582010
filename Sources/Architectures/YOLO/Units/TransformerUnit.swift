/// The `TransformerBlock` of C3TR: a learned position, then layers of attention without norms.
struct TransformerUnit: ModuleUnit {
  let outputs: Int
  let heads: Int
  let layers: Int

  private func linear(_ name: String, bias: Bool = false) -> [ModuleTensor] {
    let weight = ModuleTensor("\(name).weight", [outputs, outputs], .uniform(fanIn: outputs))
    return bias ? [weight, ModuleTensor("\(name).bias", [outputs], .uniform(fanIn: outputs))] : [weight]
  }

  private var layer: [ModuleTensor] {
    let width = Double(4 * outputs)
    return linear("q") + linear("k") + linear("v") + [
      // `xavier_uniform_` of the three projections at once.
      ModuleTensor("ma.in_proj_weight", [3 * outputs, outputs], .within((6 / width).squareRoot())),
      ModuleTensor("ma.in_proj_bias", [3 * outputs], .constant(0)),
    ] + linear("ma.out_proj") + [ModuleTensor("ma.out_proj.bias", [outputs], .constant(0))] + linear("fc1")
      + linear("fc2")
  }

  var tensors: [ModuleTensor] {
    linear("linear", bias: true) + (0..<layers).flatMap { layer.within("tr.\($0)") }
  }

  func build(into network: inout some NetworkBuilding, as name: String, of x: Int) throws -> Int {
    let position = try network.linear(name + ".linear", inputs: outputs, outputs: outputs, of: x)
    var value = try network.add(name + ".position", position, x)
    for index in 0..<layers { value = try buildLayer(into: &network, as: "\(name).tr.\(index)", of: value) }
    return value
  }

  private func buildLayer(
    into network: inout some NetworkBuilding, as name: String, of x: Int
  ) throws -> Int {
    func plain(_ part: String, _ x: Int, bias: String? = nil) throws -> Int {
      let layer = LinearLayer(
        weight: "\(name).\(part).weight", bias: bias, inputs: outputs, outputs: outputs)
      return try network.linear("\(name).\(part)", layer, of: x)
    }
    // Queries, keys and values are each projected twice, by a layer of their own and by a third of the module's.
    let projected = try ["q", "k", "v"].enumerated().map { index, part in
      let layer = LinearLayer(
        weight: name + ".ma.in_proj_weight", bias: name + ".ma.in_proj_bias", inputs: outputs,
        outputs: outputs,
        part: (index, 3))
      return try network.linear("\(name).ma.\(part)", layer, of: try plain(part, x))
    }
    let attended = try network.attention(
      name + ".ma", heads: heads, areas: 1, queries: projected[0], keys: projected[1], values: projected[2])
    let output = try network.add(
      name + ".residual", try plain("ma.out_proj", attended, bias: name + ".ma.out_proj.bias"), x)
    return try network.add(name, try plain("fc2", try plain("fc1", output)), output)
  }
}
