internal import CSutureOneDNN
internal import SutureArchitectures
internal import SutureTensors

/// The sum of two maps, the second times a layer scale where there is one.
struct Add: Operation {
  /// [C].
  var scale: Parameter?

  var parameters: [Parameter] { scale.map { [$0] } ?? [] }

  func output(for inputs: [MapShape]) throws -> MapShape {
    guard inputs[0] == inputs[1] else {
      throw ModelError.wrongInput("it adds \(inputs[1].text) to \(inputs[0].text)")
    }
    return inputs[0]
  }

  func compute(_ x: [FeatureMap], _ shape: MapShape) throws -> FeatureMap {
    let scale = try scale?.values() ?? [Float](repeating: 1, count: shape.channels)
    var sum = x[0]
    for index in sum.values.indices {
      sum.values[index] = Float(
        Double(sum.values[index]) + Double(scale[index % shape.channels]) * Double(x[1].values[index]))
    }
    return sum
  }

  func parts(_ context: CompilerContext) -> PartHandling { .reaches }

  func compile(_ context: CompilerContext, _ inputs: [MapShape], _ y: MapShape) throws -> CompiledLayer {
    let request = try scale.map { scale in
      unsafe WeightRequest(
        packed: try Layout([y.channels], dnnl_a), weightCount: y.channels, biasCount: 0,
        packing: .none { weights, _ in try unsafe scale.read(into: weights) })
    }
    return CompiledLayer(weights: request.map { [$0] } ?? [], reusableInput: 0) { buffers in
      unsafe [
        Self.work(
          (buffers.output, y), (buffers.inputs[0], inputs[0]), (buffers.inputs[1], inputs[1]),
          scale: buffers.weights.first?.weights.floats)
      ]
    }
  }

  typealias Map = (start: UnsafeMutableRawPointer, shape: MapShape)

  /// Adds the second map, times `scale` where there is one, to the first; the output may be the first.
  static func work(_ sum: Map, _ left: Map, _ right: Map, scale: UnsafePointer<Float>? = nil)
    -> CompiledLayer.Work
  {
    let (channels, rows) = unsafe (sum.shape.channels, sum.shape.rows)
    let pitches = unsafe (sum: sum.shape.pitch, left: left.shape.pitch, right: right.shape.pitch)
    // Each thread has rows of its own of all.
    nonisolated(unsafe) let (sum, left, right) = unsafe (
      sum.start.floats, left.start.floats, right.start.floats
    )
    nonisolated(unsafe) let scale = unsafe scale
    return {
      CompilerContext.divide(rows: rows, floats: channels) { rows in
        for row in rows {
          let to = unsafe sum + row * pitches.sum
          let (a, b) = unsafe (left + row * pitches.left, right + row * pitches.right)
          if let scale = unsafe scale {
            for channel in 0..<channels { unsafe to[channel] = a[channel] + scale[channel] * b[channel] }
          } else {
            for channel in 0..<channels { unsafe to[channel] = a[channel] + b[channel] }
          }
        }
      }
    }
  }
}

extension GraphBuilder {
  mutating func add(_ name: String, _ x: Int, _ y: Int) -> Int { graph.add(name, Add(), [x, y]) }

  func has(_ name: String) -> Bool { dict[name] != nil }
}
