internal import SutureArchitectures

extension ConvNeXt {
  /// Makes everything ready for images of this size: reads the weights, packs them, compiles the layers.
  ///
  /// - Throws: ``ModelError``, and what reading throws.
  public func prepare(_ names: [String], batch: Int, height: Int, width: Int) throws {
    let shape = MapShape(
      batch: batch, height: height, width: width, channels: configuration.inputChannels)
    try network.prepare(shape, try names.map(value))
  }

  /// The layers that the outputs need, with the multiply-accumulates of each for images of this size.
  public func costs(
    _ names: [String], batch: Int, height: Int, width: Int
  ) throws -> [(layer: String, multiplyAccumulates: Int)] {
    let shape = MapShape(
      batch: batch, height: height, width: width, channels: configuration.inputChannels)
    return try network.graph.costs(shape, try names.map(value))
  }
}

extension Graph {
  func costs(_ image: MapShape, _ outputs: [Int]) throws -> [(layer: String, multiplyAccumulates: Int)] {
    let needed = needed(for: outputs)
    let shapes = try shapes(for: image, needed: needed)
    return needed.map { index in
      let node = nodes[index]
      let inputs = node.inputs.compactMap { shapes[$0] }
      return (node.name, shapes[index + 1].map { node.operation.multiplyAccumulates(inputs, $0) } ?? 0)
    }
  }
}
