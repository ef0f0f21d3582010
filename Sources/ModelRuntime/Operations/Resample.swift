internal import Glibc
internal import SutureArchitectures
internal import SutureBytes

/// A map `factor` times as large, each pixel a weighted sum of those around it: `nn.Upsample` with mode bilinear or bicubic.
struct Resample: Operation {
  let factor: Int
  let mode: UpsampleMode

  func output(for inputs: [MapShape]) -> MapShape {
    let x = inputs[0]
    return MapShape(
      batch: x.batch, height: x.height * factor, width: x.width * factor, channels: x.channels)
  }

  /// What a row, or a column, of the output is made of.
  struct Taps {
    var places: [Int]
    var weights: [Double]
  }

  /// Of each row, or column, of the output, for so many of the input; what lies beyond the edge is the edge.
  func taps(_ size: Int) -> [Taps] {
    let last = size * factor - 1
    return (0...max(last, 0)).map { index in
      let place =
        if mode.alignsCorners {
          last == 0 ? 0 : Double(index) * Double(size - 1) / Double(last)
        } else {
          (Double(index) + 0.5) / Double(factor) - 0.5
        }
      let start = mode.isCubic ? place : max(place, 0)
      let base = start.rounded(.down)
      let rest = start - base
      let weights = mode.isCubic ? Self.cubic(rest) : [1 - rest, rest]
      let first = Int(base) - (mode.isCubic ? 1 : 0)
      return Taps(
        places: weights.indices.map { min(max(first + $0, 0), size - 1) }, weights: weights)
    }
  }

  /// Keys' cubic convolution with PyTorch's a = −0.75, at distances 1 + t, t, 1 − t and 2 − t.
  private static func cubic(_ t: Double) -> [Double] {
    let a = -0.75
    func near(_ x: Double) -> Double { ((a + 2) * x - (a + 3)) * x * x + 1 }
    func far(_ x: Double) -> Double { ((a * x - 5 * a) * x + 8 * a) * x - 4 * a }
    return [far(1 + t), near(t), near(1 - t), far(2 - t)]
  }

  func compute(_ x: [FeatureMap], _ shape: MapShape) -> FeatureMap {
    let x = x[0]
    let (rows, columns) = (taps(x.height), taps(x.width))
    var y = FeatureMap(shape, [Float](repeating: 0, count: shape.count))
    for image in 0..<shape.batch {
      for row in 0..<shape.height {
        for column in 0..<shape.width {
          for channel in 0..<shape.channels {
            var sum = 0.0
            for (from, height) in zip(rows[row].places, rows[row].weights) {
              for (place, width) in zip(columns[column].places, columns[column].weights) {
                let pixel = (image * x.height + from) * x.width + place
                sum += height * width * Double(x.values[pixel * x.channels + channel])
              }
            }
            y.values[((image * y.height + row) * y.width + column) * y.channels + channel] = Float(sum)
          }
        }
      }
    }
    return y
  }

  /// A row of the output at a time: the rows that it is made of are summed, then their columns.
  func compile(_ context: CompilerContext, _ inputs: [MapShape], _ y: MapShape) -> CompiledLayer {
    let x = inputs[0]
    let (rows, columns) = (taps(x.height), taps(x.width))
    let line = x.width * x.channels
    let parts = min(CompilerContext.threads, y.height)
    let channels = x.channels
    return CompiledLayer(scratchByteCount: parts * line * 4) { buffers in
      // Each thread has rows of its own of the output, and a line of its own.
      nonisolated(unsafe) let input = unsafe buffers.inputs[0].floats
      nonisolated(unsafe) let output = unsafe buffers.output.floats
      nonisolated(unsafe) let scratch = unsafe buffers.scratch.floats
      return (0..<y.batch).map { image in
        {
          concurrently(parts, workers: parts) { part in
            let sum = unsafe scratch + part * line
            for row in (y.height * part / parts)..<(y.height * (part + 1) / parts) {
              for index in 0..<line { unsafe sum[index] = 0 }
              for (from, weight) in zip(rows[row].places, rows[row].weights) {
                let start = unsafe input + (image * x.height + from) * line
                for index in 0..<line { unsafe sum[index] += Float(weight) * start[index] }
              }
              for column in 0..<y.width {
                let pixel = unsafe output + ((image * y.height + row) * y.width + column) * channels
                for channel in 0..<channels { unsafe pixel[channel] = 0 }
                for (place, weight) in zip(columns[column].places, columns[column].weights) {
                  for channel in 0..<channels {
                    unsafe pixel[channel] += Float(weight) * sum[place * channels + channel]
                  }
                }
              }
            }
          }
        }
      }
    }
  }
}

extension GraphBuilder {
  mutating func resample(_ name: String, factor: Int, mode: UpsampleMode, of x: Int) -> Int {
    graph.add(name, Resample(factor: factor, mode: mode), [x])
  }
}
