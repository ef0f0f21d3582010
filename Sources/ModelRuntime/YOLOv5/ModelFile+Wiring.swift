internal import SutureYAML

extension ModelFile {
  /// Refuses maps of different sizes that are to be joined, and anchors in the other order than their levels, before there
  /// are weights to run.
  func checkWiring(_ layers: [DetectorLayer]) throws {
    // Pixels of the image for each pixel of a layer's output.
    var strides: [Double] = []
    func stride(_ source: Int) -> Double { source < 0 ? 1 : strides[source] }
    for layer in layers {
      let inputs = layer.sources.map(stride)
      switch layer.module {
      case .convNeXtBlock(let stage, _): strides.append(inputs[0] * (stage == 0 ? 4 : 2))
      case .convolution(let shape):
        strides.append((0..<layer.repeats).reduce(inputs[0]) { stride, _ in stride * Double(shape.stride) })
      case .upsample(let factor): strides.append(inputs[0] / Double(factor))
      case .bottleneck, .c3: strides.append(inputs[0])
      case .concat:
        guard inputs.allSatisfy({ $0 == inputs[0] }) else {
          throw layer.row.node.error(
            "layer \(layer.index), Concat: it joins maps of different sizes, of strides "
              + inputs.map { "\($0)" }.joined(separator: " and "))
        }
        strides.append(inputs[0])
      case .detect:
        strides.append(inputs[0])
        try refuseReversedAnchors(strides: inputs)
      }
    }
  }

  /// YOLOv5 turns anchors round that are in the other order than the strides, but too late.
  func refuseReversedAnchors(strides: [Double]) throws {
    let areas = anchors.map { level in
      stride(from: 0, to: level.count, by: 2).reduce(0) { $0 + level[$1] * level[$1 + 1] }
    }
    guard areas.count > 1, let least = areas.first, let last = areas.last, let finest = strides.first,
      let coarsest = strides.last, (last - least) * (coarsest - finest) <= 0
    else { return }
    throw anchorsNode.error(
      "the anchors are in the other order than the strides \(strides.map { Int($0) }): YOLOv5 turns them round after it has "
        + "divided them by the strides, which gives wrong sizes; put the smallest first")
  }
}
