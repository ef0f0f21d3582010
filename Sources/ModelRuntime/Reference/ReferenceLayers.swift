internal import Glibc

/// The layers as plain loops.
enum ReferenceLayers {
  static func convolve(_ x: FeatureMap, _ layer: Convolution, _ shape: MapShape) throws -> FeatureMap {
    var y = FeatureMap(shape, [Float](repeating: 0, count: shape.count))
    let (inputs, outputs) = (layer.inputChannels / layer.groups, layer.outputChannels / layer.groups)
    let (kernel, area) = (layer.kernel, layer.kernel * layer.kernel)
    let weight = try layer.weight.values()
    let bias = try layer.bias?.values() ?? [Float](repeating: 0, count: layer.outputChannels)
    let norm = try layer.batchNorm?.folded()
    for image in 0..<y.batch {
      for row in 0..<y.height {
        for column in 0..<y.width {
          for channel in 0..<layer.outputChannels {
            var sum = Double(bias[channel])
            let firstInput = channel / outputs * inputs
            for dy in 0..<kernel {
              let sourceRow = row * layer.stride + dy - layer.padding
              if sourceRow < 0 || sourceRow >= x.height { continue }
              for dx in 0..<kernel {
                let sourceColumn = column * layer.stride + dx - layer.padding
                if sourceColumn < 0 || sourceColumn >= x.width { continue }
                let pixel =
                  ((image * x.height + sourceRow) * x.width + sourceColumn) * x.channels + firstInput
                let first = channel * inputs * area + dy * kernel + dx
                for input in 0..<inputs {
                  sum += Double(x.values[pixel + input]) * Double(weight[first + input * area])
                }
              }
            }
            if let norm { sum = sum * norm.scale[channel] + norm.shift[channel] }
            y.values[((image * y.height + row) * y.width + column) * y.channels + channel] =
              activate(sum, layer.activation)
          }
        }
      }
    }
    return y
  }

  static func apply(_ layer: Linear, to x: FeatureMap, _ shape: MapShape) throws -> FeatureMap {
    var y = FeatureMap(shape, [Float](repeating: 0, count: shape.count))
    let (weight, bias) = (try layer.weight.values(), try layer.bias.values())
    for row in 0..<x.rowCount {
      for output in 0..<layer.outputs {
        var sum = Double(bias[output])
        for input in 0..<layer.inputs {
          sum += Double(x.values[row * layer.inputs + input]) * Double(weight[output * layer.inputs + input])
        }
        y.values[row * layer.outputs + output] = activate(sum, layer.activation)
      }
    }
    return y
  }

  static func feedForward(
    _ layer: FeedForward, _ x: FeatureMap, residual: FeatureMap
  ) throws -> FeatureMap {
    let normal = try normalize(x, layer.norm)
    let hidden = try apply(layer.first, to: normal, try layer.first.output(for: x.mapShape))
    let update = try apply(layer.second, to: hidden, residual.mapShape)
    let scale = try layer.scale?.values() ?? [Float](repeating: 1, count: x.channels)
    var result = residual
    for row in 0..<x.rowCount {
      for channel in 0..<x.channels {
        let index = row * x.channels + channel
        result.values[index] = Float(
          Double(residual.values[index]) + Double(scale[channel]) * Double(update.values[index]))
      }
    }
    return result
  }

  static func normalize(_ x: FeatureMap, _ layer: LayerNorm) throws -> FeatureMap {
    var y = x
    let channels = x.channels
    let (weight, bias) = (try layer.weight.values(), try layer.bias.values())
    for row in 0..<x.rowCount {
      let start = row * channels
      // Two passes: E[x²] − E[x]² loses every digit where the mean is large.
      var mean = 0.0
      for channel in 0..<channels { mean += Double(x.values[start + channel]) }
      mean /= Double(channels)
      var variance = 0.0
      for channel in 0..<channels {
        let deviation = Double(x.values[start + channel]) - mean
        variance += deviation * deviation
      }
      let scale = 1 / (variance / Double(channels) + layer.epsilon).squareRoot()
      for channel in 0..<channels {
        let normal = (Double(x.values[start + channel]) - mean) * scale
        y.values[start + channel] = Float(normal * Double(weight[channel]) + Double(bias[channel]))
      }
    }
    return y
  }

  static func mean(_ x: FeatureMap, _ shape: MapShape) -> FeatureMap {
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

  static func concat(_ x: [FeatureMap], _ shape: MapShape) -> FeatureMap {
    var values: [Float] = []
    values.reserveCapacity(shape.count)
    for row in 0..<shape.rows {
      for map in x { values += map.values[(row * map.channels)..<((row + 1) * map.channels)] }
    }
    return FeatureMap(shape, values)
  }

  static func upsample(_ x: FeatureMap, _ factor: Int, _ shape: MapShape) -> FeatureMap {
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

  private static func activate(_ value: Double, _ activation: Activation) -> Float {
    switch activation {
    case .none: Float(value)
    case .gelu: Float(0.5 * value * (1 + erf(value / 2.0.squareRoot())))
    case .silu: Float(value / (1 + exp(-value)))
    }
  }
}
