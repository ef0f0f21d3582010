internal import SutureArchitectures
internal import SutureBytes

extension Graph {
  /// Refuses what the machine does not have, before anything of it is allocated; all in bytes.
  ///
  /// - Parameter layer: what takes most of it.
  /// - Throws: ``ModelError/tooLarge(_:)``.
  static func validateMemory(weights: Int, activations: Int, _ layer: String) throws {
    func text(_ bytes: Int) -> String { "\((bytes >> 20) / 1024).\((bytes >> 20) % 1024 * 10 / 1024) GiB" }
    // The rest is the system's, and other programs'.
    let limit = Region.physicalByteCount / 4 * 3
    guard weights.adding(saturating: activations) <= limit else {
      throw ModelError.tooLarge(
        "\(layer): \(text(activations)) for activations and \(text(weights)) for weights would be needed; "
          + "of this machine's \(text(Region.physicalByteCount)) three quarters may be taken")
    }
  }

  /// Refuses maps that the machine cannot hold beside the weights: at a block's input its residual, what its depthwise
  /// convolution gave, and the input of the network are alive.
  func validateMemory(_ shapes: [MapShape?], needed: [Int]) throws {
    var weights = 0
    var most = (name: "", bytes: 0)
    var largest = (name: "the image", count: shapes[0]?.count ?? 0)
    for index in needed {
      for parameter in nodes[index].operation.parameters {
        weights = weights.adding(saturating: min(parameter.count, 1 << 40) * 4)
      }
      let work = nodes[index].operation.workByteCount(for: nodes[index].inputs.compactMap { shapes[$0] })
      if work > most.bytes { most = (nodes[index].name, work) }
      if let count = shapes[index + 1]?.count, count > largest.count { largest = (nodes[index].name, count) }
    }
    // And the caller's image with what it gets back.
    let maps = 4 * (3 * largest.count + 2 * (shapes[0]?.count ?? 0))
    try Self.validateMemory(
      weights: weights, activations: maps.adding(saturating: most.bytes),
      "layer \(most.bytes > maps ? most.name : largest.name)")
  }

  /// Follows the sizes of an image through the layers, without allocating anything.
  ///
  /// - Throws: ``ModelError`` naming the layer that does not fit, or what the machine does not have.
  func validate(_ image: MapShape, outputs: [Int]) throws {
    let needed = needed(for: outputs)
    try validateMemory(try shapes(for: image, needed: needed), needed: needed)
  }
}
