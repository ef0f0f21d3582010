internal import Glibc
internal import SutureArchitectures

/// The channels of all inputs, one after the other.
struct Concat: Operation {
  func output(for inputs: [MapShape]) throws -> MapShape {
    let x = inputs[0]
    for other in inputs.dropFirst() where (other.height, other.width) != (x.height, x.width) {
      throw ModelError.wrongInput(
        "it joins maps of \(x.height)×\(x.width) and of \(other.height)×\(other.width) pixels; "
          + "an image whose sides are multiples of 32 is needed")
    }
    let channels = inputs.reduce(0) { $0 + $1.channels }
    return MapShape(batch: x.batch, height: x.height, width: x.width, channels: channels)
  }

  func compute(_ x: [FeatureMap], _ shape: MapShape) -> FeatureMap {
    var values: [Float] = []
    values.reserveCapacity(shape.count)
    for row in 0..<shape.rows {
      for map in x { values += map.values[(row * map.channels)..<((row + 1) * map.channels)] }
    }
    return FeatureMap(shape, values)
  }

  func compile(_ context: CompilerContext, _ inputs: [MapShape], _ y: MapShape) -> CompiledLayer {
    CompiledLayer { buffers in
      // Each thread has rows of its own of the output.
      nonisolated(unsafe) let output = unsafe buffers.output
      nonisolated(unsafe) let inputBuffers = unsafe buffers.inputs
      return [
        {
          CompilerContext.divide(rows: y.rows, floats: y.channels) { rows in
            var offset = 0
            for (map, place) in zip(inputs, inputs.indices) {
              let from = unsafe inputBuffers[place]
              let (size, pitch) = (map.channels * 4, y.channels * 4)
              for row in rows { unsafe memcpy(output + row * pitch + offset, from + row * size, size) }
              offset += size
            }
          }
        }
      ]
    }
  }
}

extension GraphBuilder {
  mutating func concat(_ name: String, _ x: [Int]) -> Int { graph.add(name, Concat(), x) }
}
