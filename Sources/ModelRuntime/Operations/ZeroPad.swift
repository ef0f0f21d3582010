internal import Glibc
internal import SutureArchitectures

/// Zeros around each image, as `nn.ZeroPad2d`.
struct ZeroPad: Operation {
  let padding: Padding

  func output(for inputs: [MapShape]) throws -> MapShape {
    let x = inputs[0]
    return MapShape(
      batch: x.batch, height: x.height + padding.top + padding.bottom,
      width: x.width + padding.left + padding.right, channels: x.channels)
  }

  func compute(_ x: [FeatureMap], _ shape: MapShape) -> FeatureMap {
    let x = x[0]
    var y = FeatureMap(shape, [Float](repeating: 0, count: shape.count))
    let line = x.width * x.channels
    for row in 0..<(x.batch * x.height) {
      let start = place(row, x.mapShape, shape)
      y.values.replaceSubrange(start..<(start + line), with: x.values[(row * line)..<((row + 1) * line)])
    }
    return y
  }

  /// Where in the output row `row` of all images begins.
  private func place(_ row: Int, _ x: MapShape, _ y: MapShape) -> Int {
    let line = row / x.height * y.height + padding.top + row % x.height
    return (line * y.width + padding.left) * x.channels
  }

  func compile(_ context: CompilerContext, _ inputs: [MapShape], _ y: MapShape) -> CompiledLayer {
    let x = inputs[0]
    return CompiledLayer { buffers in
      let line = x.width * x.channels * 4
      return [
        {
          unsafe memset(buffers.output, 0, y.count * 4)
          for row in 0..<(x.batch * x.height) {
            unsafe memcpy(buffers.output + place(row, x, y) * 4, buffers.inputs[0] + row * line, line)
          }
        }
      ]
    }
  }
}

extension GraphBuilder {
  mutating func zeroPad(_ name: String, _ padding: Padding, of x: Int) throws -> Int {
    graph.add(name, ZeroPad(padding: padding), [x])
  }
}
