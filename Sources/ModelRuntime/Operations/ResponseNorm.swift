internal import CSutureOneDNN
internal import Glibc
internal import SutureArchitectures
internal import SutureBytes
internal import SutureTensors

/// Global response normalisation: x · (1 + weight · n) + bias, where n is the norm of a channel over all pixels of an image,
/// divided by the mean of those of all channels.
///
/// Woo et al., ConvNeXt V2, 2023.
struct ResponseNorm: Operation {
  let weight: Parameter
  let bias: Parameter

  /// What is added to the mean; every library has it.
  static let epsilon = 1e-6

  init(weight: String, bias: String, in dict: StateDict, channels: Int) throws {
    self.weight = try Parameter(weight, in: dict, shape: [channels])
    self.bias = try Parameter(bias, in: dict, shape: [channels])
  }

  var parameters: [Parameter] { [weight, bias] }

  func output(for inputs: [MapShape]) throws -> MapShape {
    guard inputs[0].channels == weight.count else {
      throw ModelError.wrongInput("it normalises \(weight.count) channels and is given \(inputs[0].channels)")
    }
    return inputs[0]
  }

  func compute(_ x: [FeatureMap], _ shape: MapShape) throws -> FeatureMap {
    var y = x[0]
    let (channels, area) = (y.channels, y.height * y.width)
    let (weight, bias) = (try weight.values(), try bias.values())
    for image in 0..<y.batch {
      let start = image * area * channels
      var norms = [Double](repeating: 0, count: channels)
      for pixel in 0..<area {
        for channel in 0..<channels {
          let value = Double(y.values[start + pixel * channels + channel])
          norms[channel] += value * value
        }
      }
      for channel in 0..<channels { norms[channel] = norms[channel].squareRoot() }
      let mean = norms.reduce(0, +) / Double(channels) + Self.epsilon
      for pixel in 0..<area {
        for channel in 0..<channels {
          let index = start + pixel * channels + channel
          let value = Double(y.values[index])
          y.values[index] = Float(
            value + Double(weight[channel]) * value * norms[channel] / mean + Double(bias[channel]))
        }
      }
    }
    return y
  }

  /// In place: one pass that sums the squares, one that scales, each thread its own pixels.
  func compile(_ context: CompilerContext, _ inputs: [MapShape], _ output: MapShape) throws -> CompiledLayer {
    let (batch, area, channels) = (output.batch, output.height * output.width, output.channels)
    let parts = min(CompilerContext.threads, area)
    let request = unsafe WeightRequest(
      packed: try Layout([channels], dnnl_a), weightCount: channels, biasCount: channels,
      packing: .none { weights, bias in
        try unsafe weight.read(into: weights)
        try unsafe self.bias.read(into: bias)
      })
    // The sums of every part, then the factors.
    return CompiledLayer(
      weights: [request], scratchByteCount: (parts + 1) * channels * 8, replacedInput: 0
    ) { buffers in
      let (map, weight) = unsafe (buffers.output.floats, buffers.weights[0].weights.floats)
      // Each thread has rows of its own of the map, and sums of its own; the rest is only read by them.
      nonisolated(unsafe) let bias = unsafe buffers.weights[0].bias.floats
      nonisolated(unsafe) let sums = unsafe buffers.scratch.assumingMemoryBound(to: Double.self)
      nonisolated(unsafe) let factors = unsafe (buffers.scratch + parts * channels * 8).floats
      return (0..<batch).map { image in
        nonisolated(unsafe) let start = unsafe map + image * area * channels
        @Sendable func rows(_ part: Int) -> Range<Int> { (area * part / parts)..<(area * (part + 1) / parts) }
        return {
          concurrently(parts, workers: parts) { part in
            let own = unsafe sums + part * channels
            for channel in 0..<channels { unsafe own[channel] = 0 }
            for row in rows(part) {
              let pixel = unsafe start + row * channels
              for channel in 0..<channels {
                unsafe own[channel] += Double(pixel[channel]) * Double(pixel[channel])
              }
            }
          }
          var mean = 0.0
          for channel in 0..<channels {
            for part in 1..<max(parts, 1) { unsafe sums[channel] += sums[part * channels + channel] }
            unsafe sums[channel] = sums[channel].squareRoot()
            unsafe mean += sums[channel]
          }
          mean = mean / Double(channels) + Self.epsilon
          for channel in 0..<channels {
            unsafe factors[channel] = Float(1 + Double(weight[channel]) * sums[channel] / mean)
          }
          CompilerContext.divide(rows: area, floats: channels) { rows in
            for row in rows {
              let pixel = unsafe start + row * channels
              for channel in 0..<channels {
                unsafe pixel[channel] = pixel[channel] * factors[channel] + bias[channel]
              }
            }
          }
        }
      }
    }
  }
}

extension GraphBuilder {
  mutating func responseNorm(
    _ name: String, weight: String, bias: String, channels: Int, of x: Int
  ) throws -> Int {
    graph.add(name, try ResponseNorm(weight: weight, bias: bias, in: dict, channels: channels), [x])
  }
}
