internal import Glibc

/// The layers as plain loops that sum in double precision: the oracle of the fast engine.
struct ReferenceEngine: ComputeEngine {
  func convolve(_ x: FeatureMap, _ layer: Conv2d) throws -> FeatureMap {
    var y = try layer.output(for: x)
    let (inputs, outputs) = (layer.inputChannels / layer.groups, layer.outputChannels / layer.groups)
    let (kernel, area) = (layer.kernel, layer.kernel * layer.kernel)
    for image in 0..<y.batch {
      for row in 0..<y.height {
        for column in 0..<y.width {
          for channel in 0..<layer.outputChannels {
            var sum = Double(layer.bias[channel])
            let firstInput = channel / outputs * inputs
            for dy in 0..<kernel {
              let sourceRow = row * layer.stride + dy - layer.padding
              if sourceRow < 0 || sourceRow >= x.height { continue }
              for dx in 0..<kernel {
                let sourceColumn = column * layer.stride + dx - layer.padding
                if sourceColumn < 0 || sourceColumn >= x.width { continue }
                let pixel =
                  ((image * x.height + sourceRow) * x.width + sourceColumn) * x.channels + firstInput
                let weight = channel * inputs * area + dy * kernel + dx
                for input in 0..<inputs {
                  sum += Double(x.values[pixel + input]) * Double(layer.weight[weight + input * area])
                }
              }
            }
            y.values[((image * y.height + row) * y.width + column) * y.channels + channel] = Float(sum)
          }
        }
      }
    }
    return y
  }

  func apply(_ layer: Linear, to x: FeatureMap, gelu: Bool) throws -> FeatureMap {
    var y = try layer.output(for: x)
    for row in 0..<x.rowCount {
      for output in 0..<layer.outputs {
        var sum = Double(layer.bias[output])
        for input in 0..<layer.inputs {
          sum +=
            Double(x.values[row * layer.inputs + input]) * Double(layer.weight[output * layer.inputs + input])
        }
        y.values[row * layer.outputs + output] = Float(
          gelu ? 0.5 * sum * (1 + erf(sum / 2.0.squareRoot())) : sum)
      }
    }
    return y
  }

  func normalize(_ x: FeatureMap, _ layer: LayerNorm) throws -> FeatureMap {
    var y = x
    let channels = x.channels
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
      let scale = 1 / (variance / Double(channels) + LayerNorm.epsilon).squareRoot()
      for channel in 0..<channels {
        let normal = (Double(x.values[start + channel]) - mean) * scale
        y.values[start + channel] = Float(
          normal * Double(layer.weight[channel]) + Double(layer.bias[channel]))
      }
    }
    return y
  }
}
