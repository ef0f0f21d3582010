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

  func compile(_ context: CompilerContext, _ inputs: [MapShape], _ y: MapShape) -> CompiledLayer {
    let x = inputs[0]
    let (pixel, line) = (x.channels * 4, x.width * factor * x.channels * 4)
    return CompiledLayer { buffers in
      // Each thread has rows of its own of both.
      nonisolated(unsafe) let (input, output) = unsafe (buffers.inputs[0], buffers.output)
      return [
        {
          CompilerContext.divide(rows: x.batch * x.height, floats: factor * line / 4) { rows in
            for row in rows {
              let start = unsafe output + row * factor * line
              for column in 0..<x.width {
                let from = unsafe input + (row * x.width + column) * pixel
                for copy in 0..<factor {
                  unsafe memcpy(start + (column * factor + copy) * pixel, from, pixel)
                }
              }
              for copy in 1..<max(factor, 1) { unsafe memcpy(start + copy * line, start, line) }
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
