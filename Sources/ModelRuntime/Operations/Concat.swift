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

  func parts(_ context: CompilerContext) -> PartHandling { .joins }

  /// Copies the inputs that do not lie where they are joined already.
  func compile(_ context: CompilerContext, _ inputs: [MapShape], _ y: MapShape) -> CompiledLayer {
    CompiledLayer { buffers in
      // Each thread has rows of its own of the output.
      nonisolated(unsafe) let output = unsafe buffers.output
      nonisolated(unsafe) let inputBuffers = unsafe buffers.inputs
      var first = 0
      var missing: [(place: Int, first: Int)] = []
      for (place, map) in inputs.enumerated() {
        if unsafe inputBuffers[place] != output + first * 4 { missing.append((place, first)) }
        first += map.channels
      }
      if missing.isEmpty { return [] }
      return [
        {
          CompilerContext.divide(rows: y.rows, floats: y.channels) { [missing] rows in
            for (place, first) in missing {
              let (from, to) = unsafe (inputBuffers[place], output + first * 4)
              let (pitch, size) = (inputs[place].pitch * 4, inputs[place].channels * 4)
              for row in rows { unsafe memcpy(to + row * y.pitch * 4, from + row * pitch, size) }
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
