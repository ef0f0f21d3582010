/// The mean over each channel's pixels.
struct Mean: Operation {
  func output(for inputs: [MapShape]) -> MapShape {
    MapShape(batch: inputs[0].batch, height: 1, width: 1, channels: inputs[0].channels)
  }

  func compute(_ x: [FeatureMap], _ shape: MapShape) -> FeatureMap {
    let x = x[0]
    var means = FeatureMap(shape, [Float](repeating: 0, count: shape.count))
    let area = x.height * x.width
    for image in 0..<x.batch {
      for channel in 0..<x.channels {
        var sum = 0.0
        for pixel in 0..<area { sum += Double(x.values[(image * area + pixel) * x.channels + channel]) }
        means.values[image * x.channels + channel] = Float(sum / Double(area))
      }
    }
    return means
  }

  /// Summed in double precision.
  func compile(_ context: CompilerContext, _ inputs: [MapShape], _ y: MapShape) -> CompiledLayer {
    let x = inputs[0]
    return CompiledLayer { buffers in
      let input = unsafe buffers.inputs[0].assumingMemoryBound(to: Float.self)
      let output = unsafe buffers.output.assumingMemoryBound(to: Float.self)
      let area = x.height * x.width
      return [
        {
          var sums = [Double](repeating: 0, count: x.channels)
          for image in 0..<x.batch {
            for channel in 0..<x.channels { sums[channel] = 0 }
            for pixel in (image * area)..<((image + 1) * area) {
              for channel in 0..<x.channels {
                unsafe sums[channel] += Double(input[pixel * x.channels + channel])
              }
            }
            for channel in 0..<x.channels {
              unsafe output[image * x.channels + channel] = Float(sums[channel] / Double(area))
            }
          }
        }
      ]
    }
  }
}

extension GraphBuilder {
  mutating func mean(_ name: String, of x: Int) -> Int { graph.add(name, Mean(), [x]) }
}
