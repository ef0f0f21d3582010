internal import SutureArchitectures
internal import SutureBytes

/// What a network would take of the machine's memory, in bytes.
struct MemoryDemand {
  let weights: Int
  let activations: Int
  /// What takes most of it.
  let layer: String

  /// Refuses what the machine does not have, before anything of it is allocated.
  ///
  /// - Throws: ``ModelError/tooLarge(_:)``.
  func validate() throws {
    let total = weights.adding(saturating: activations)
    // The rest is the system's, and other programs'.
    let limit = Region.physicalByteCount / 4 * 3
    guard total <= limit else {
      throw ModelError.tooLarge(
        "\(layer): \(Self.text(activations)) for activations and \(Self.text(weights)) for weights would be needed; "
          + "of this machine's \(Self.text(Region.physicalByteCount)) three quarters may be taken")
    }
  }

  private static func text(_ bytes: Int) -> String {
    "\((bytes >> 20) / 1024).\((bytes >> 20) % 1024 * 10 / 1024) GiB"
  }
}

extension Graph {
  /// Refuses maps that the machine cannot hold beside the weights: at a block's input its residual, what its depthwise
  /// convolution gave, and the input of the network are alive.
  func validateMemory(_ shapes: [MapShape?], needed: [Int]) throws {
    var weights = 0
    var largest = (name: "the image", count: shapes[0]?.count ?? 0)
    for index in needed {
      for parameter in nodes[index].operation.parameters {
        weights = weights.adding(saturating: min(parameter.count, 1 << 40) * 4)
      }
      if let count = shapes[index + 1]?.count, count > largest.count { largest = (nodes[index].name, count) }
    }
    // And the caller's image with what it gets back.
    let maps = 4 * (3 * largest.count + 2 * (shapes[0]?.count ?? 0))
    try MemoryDemand(weights: weights, activations: maps, layer: "layer \(largest.name)").validate()
  }

  /// Follows the sizes of an image through the layers, without allocating anything.
  ///
  /// - Throws: ``ModelError`` naming the layer that does not fit, or what the machine does not have.
  func validate(_ image: MapShape, outputs: [Int]) throws {
    let needed = needed(for: outputs)
    try validateMemory(try shapes(for: image, needed: needed), needed: needed)
  }
}
