internal import Glibc
internal import SutureArchitectures

/// The channels of a pixel become `gain`×`gain` pixels, row by row: what ``Contract`` joins, apart again.
struct Expand: Operation {
  let gain: Int

  func output(for inputs: [MapShape]) throws -> MapShape {
    let x = inputs[0]
    guard x.channels % (gain * gain) == 0 else {
      throw ModelError.wrongInput("\(x.channels) channels are not \(gain)×\(gain) times as many")
    }
    return MapShape(
      batch: x.batch, height: x.height * gain, width: x.width * gain, channels: x.channels / (gain * gain))
  }

  /// Which run of channels of the input each pixel of the output comes from.
  private func run(_ pixel: Int, _ y: MapShape) -> Int {
    let (row, column) = (pixel / y.width, pixel % y.width)
    let source = row / gain * (y.width / gain) + column / gain
    return source * gain * gain + row % gain * gain + column % gain
  }

  func compute(_ x: [FeatureMap], _ shape: MapShape) -> FeatureMap {
    var values: [Float] = []
    values.reserveCapacity(shape.count)
    for pixel in 0..<shape.rows {
      let start = run(pixel, shape) * shape.channels
      values += x[0].values[start..<(start + shape.channels)]
    }
    return FeatureMap(shape, values)
  }

  func compile(_ context: CompilerContext, _ inputs: [MapShape], _ y: MapShape) -> CompiledLayer {
    let size = y.channels * 4
    return CompiledLayer { buffers in
      [
        {
          for pixel in 0..<y.rows {
            unsafe memcpy(buffers.output + pixel * size, buffers.inputs[0] + run(pixel, y) * size, size)
          }
        }
      ]
    }
  }
}

extension GraphBuilder {
  mutating func expand(_ name: String, gain: Int, of x: Int) throws -> Int {
    graph.add(name, Expand(gain: gain), [x])
  }
}
