internal import Glibc
internal import SutureArchitectures

/// Some of a map's channels: those of each range, one range after the other.
struct Channels: Operation {
  let ranges: [Range<Int>]

  func output(for inputs: [MapShape]) throws -> MapShape {
    let x = inputs[0]
    guard ranges.allSatisfy({ $0.upperBound <= x.channels }) else {
      throw ModelError.wrongInput(
        "it takes channels up to \(ranges.map(\.upperBound).max() ?? 0) of \(x.text)")
    }
    let channels = ranges.reduce(0) { $0 + $1.count }
    return MapShape(batch: x.batch, height: x.height, width: x.width, channels: channels)
  }

  func compute(_ x: [FeatureMap], _ shape: MapShape) throws -> FeatureMap {
    var values: [Float] = []
    values.reserveCapacity(shape.count)
    for row in 0..<shape.rows {
      let start = row * x[0].channels
      for range in ranges {
        values += x[0].values[(start + range.lowerBound)..<(start + range.upperBound)]
      }
    }
    return FeatureMap(shape, values)
  }

  func parts(_ context: CompilerContext) -> PartHandling { ranges.count == 1 ? .takes(ranges[0]) : .reaches }

  /// Copies the channels where they are not read as they lie.
  func compile(_ context: CompilerContext, _ inputs: [MapShape], _ y: MapShape) throws -> CompiledLayer {
    let (from, to) = (inputs[0].pitch * 4, y.pitch * 4)
    return CompiledLayer { buffers in
      // Each thread has rows of its own of the output.
      nonisolated(unsafe) let (input, output) = unsafe (buffers.inputs[0], buffers.output)
      if let first = ranges.first, unsafe output == input + first.lowerBound * 4 { return [] }
      return [
        {
          CompilerContext.divide(rows: y.rows, floats: y.channels) { rows in
            for row in rows {
              var target = unsafe output + row * to
              for range in ranges {
                unsafe memcpy(target, input + row * from + range.lowerBound * 4, range.count * 4)
                unsafe target += range.count * 4
              }
            }
          }
        }
      ]
    }
  }
}

extension GraphBuilder {
  mutating func channels(_ name: String, _ ranges: [Range<Int>], of x: Int) throws -> Int {
    graph.add(name, Channels(ranges: ranges), [x])
  }
}
