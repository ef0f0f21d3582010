internal import Glibc
internal import SutureArchitectures

/// `gain`×`gain` pixels become the channels of one.
struct Contract: Operation {
  let gain: Int
  /// Which pixels follow each other: those of a row, or of a column.
  let order: PixelOrder

  func output(for inputs: [MapShape]) throws -> MapShape {
    let x = inputs[0]
    guard x.height % gain == 0, x.width % gain == 0 else {
      throw ModelError.wrongInput(
        "it makes one pixel of \(gain)×\(gain), and \(x.height)×\(x.width) do not divide; an image whose sides are "
          + "multiples of 32 is needed")
    }
    return MapShape(
      batch: x.batch, height: x.height / gain, width: x.width / gain, channels: x.channels * gain * gain)
  }

  /// Which pixel of the input each run of channels of the output comes from, in the order of the output.
  private func pixel(_ run: Int, _ y: MapShape) -> Int {
    let (pixel, part) = (run / (gain * gain), run % (gain * gain))
    let (row, column) = (pixel / y.width, pixel % y.width)
    let (dy, dx) = order == .rows ? (part / gain, part % gain) : (part % gain, part / gain)
    return (row * gain + dy) * y.width * gain + column * gain + dx
  }

  func compute(_ x: [FeatureMap], _ shape: MapShape) -> FeatureMap {
    let x = x[0]
    var values: [Float] = []
    values.reserveCapacity(shape.count)
    for run in 0..<(shape.rows * gain * gain) {
      let start = pixel(run, shape) * x.channels
      values += x.values[start..<(start + x.channels)]
    }
    return FeatureMap(shape, values)
  }

  func compile(_ context: CompilerContext, _ inputs: [MapShape], _ y: MapShape) -> CompiledLayer {
    let size = inputs[0].channels * 4
    return CompiledLayer { buffers in
      [
        {
          for run in 0..<(y.rows * gain * gain) {
            unsafe memcpy(buffers.output + run * size, buffers.inputs[0] + pixel(run, y) * size, size)
          }
        }
      ]
    }
  }
}

extension GraphBuilder {
  mutating func contract(_ name: String, gain: Int, order: PixelOrder, of x: Int) throws -> Int {
    graph.add(name, Contract(gain: gain, order: order), [x])
  }
}
