internal import Glibc

extension CompilerContext {
  /// The mean over each channel's pixels, summed in double precision.
  func mean(_ x: MapShape) -> CompiledLayer {
    CompiledLayer { buffers in
      let input = buffers.inputs[0].assumingMemoryBound(to: Float.self)
      let output = buffers.output.assumingMemoryBound(to: Float.self)
      let area = x.height * x.width
      return [
        {
          var sums = [Double](repeating: 0, count: x.channels)
          for image in 0..<x.batch {
            for channel in 0..<x.channels { sums[channel] = 0 }
            for pixel in (image * area)..<((image + 1) * area) {
              for channel in 0..<x.channels { sums[channel] += Double(input[pixel * x.channels + channel]) }
            }
            for channel in 0..<x.channels {
              output[image * x.channels + channel] = Float(sums[channel] / Double(area))
            }
          }
        }
      ]
    }
  }

  /// Adds the second input to the first, in place.
  func add(_ x: MapShape) -> CompiledLayer {
    CompiledLayer(replacedInput: 0) { buffers in
      let output = buffers.output.assumingMemoryBound(to: Float.self)
      let other = buffers.inputs[1].assumingMemoryBound(to: Float.self)
      return [{ for index in 0..<x.count { output[index] += other[index] } }]
    }
  }

  /// Channels of all inputs, one after the other.
  func concat(_ inputs: [MapShape], _ y: MapShape) -> CompiledLayer {
    CompiledLayer { buffers in
      [
        {
          var offset = 0
          for (map, from) in zip(inputs, buffers.inputs) {
            let (size, pitch) = (map.channels * 4, y.channels * 4)
            for row in 0..<y.rows { memcpy(buffers.output + row * pitch + offset, from + row * size, size) }
            offset += size
          }
        }
      ]
    }
  }

  /// Each pixel becomes `factor`×`factor`.
  func upsample(_ x: MapShape, factor: Int) -> CompiledLayer {
    CompiledLayer { buffers in
      let (pixel, line) = (x.channels * 4, x.width * factor * x.channels * 4)
      return [
        {
          for row in 0..<(x.batch * x.height) {
            let start = buffers.output + row * factor * line
            for column in 0..<x.width {
              let from = buffers.inputs[0] + (row * x.width + column) * pixel
              for copy in 0..<factor { memcpy(start + (column * factor + copy) * pixel, from, pixel) }
            }
            for copy in 1..<max(factor, 1) { memcpy(start + copy * line, start, line) }
          }
        }
      ]
    }
  }
}
