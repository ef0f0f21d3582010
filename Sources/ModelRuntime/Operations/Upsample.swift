internal import Glibc

/// Each pixel becomes `factor`×`factor`.
struct Upsample: Operation {
  let factor: Int

  func output(for inputs: [MapShape]) -> MapShape {
    let x = inputs[0]
    return MapShape(
      batch: x.batch, height: x.height * factor, width: x.width * factor, channels: x.channels)
  }

  func compute(_ x: [FeatureMap], _ shape: MapShape) -> FeatureMap {
    let x = x[0]
    var values: [Float] = []
    values.reserveCapacity(shape.count)
    for image in 0..<shape.batch {
      for row in 0..<shape.height {
        for column in 0..<shape.width {
          let pixel = (image * x.height + row / factor) * x.width + column / factor
          values += x.values[(pixel * x.channels)..<((pixel + 1) * x.channels)]
        }
      }
    }
    return FeatureMap(shape, values)
  }

  func parts(_ context: CompilerContext) -> PartHandling { .reaches }

  func compile(_ context: CompilerContext, _ inputs: [MapShape], _ y: MapShape) -> CompiledLayer {
    let x = inputs[0]
    let pixel = x.channels * 4
    let (from, to) = (x.pitch * 4, y.pitch * 4)
    return CompiledLayer { buffers in
      // Each thread has rows of its own of both.
      nonisolated(unsafe) let (input, output) = unsafe (buffers.inputs[0], buffers.output)
      return [
        {
          CompilerContext.divide(rows: x.batch * x.height, floats: factor * y.width * y.channels) { rows in
            for row in rows {
              for line in (row * factor)..<((row + 1) * factor) {
                for column in 0..<y.width {
                  let source = unsafe input + (row * x.width + column / factor) * from
                  unsafe memcpy(output + (line * y.width + column) * to, source, pixel)
                }
              }
            }
          }
        }
      ]
    }
  }
}

extension GraphBuilder {
  mutating func upsample(_ name: String, factor: Int, of x: Int) -> Int {
    graph.add(name, Upsample(factor: factor), [x])
  }
}
