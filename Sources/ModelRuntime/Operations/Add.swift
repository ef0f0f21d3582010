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

  /// Adds the second input to the first, in place.
  func compile(_ context: CompilerContext, _ inputs: [MapShape], _ y: MapShape) throws -> CompiledLayer {
    let request = try scale.map { scale in
      unsafe WeightRequest(
        packed: try Layout([y.channels], dnnl_a), weightCount: y.channels, biasCount: 0,
        packing: .none { weights, _ in try unsafe scale.read(into: weights) })
    }
    return CompiledLayer(weights: request.map { [$0] } ?? [], replacedInput: 0) { buffers in
      // Each thread has rows of its own of both.
      nonisolated(unsafe) let (output, other) = unsafe (buffers.output.floats, buffers.inputs[1].floats)
      nonisolated(unsafe) let scale = unsafe buffers.weights.first?.weights.floats
      return [
        {
          CompilerContext.divide(rows: y.rows, floats: y.channels) { rows in
            guard let scale = unsafe scale else {
              for index in (rows.lowerBound * y.channels)..<(rows.upperBound * y.channels) {
                unsafe output[index] += other[index]
              }
              return
            }
            for row in rows {
              let (to, from) = unsafe (output + row * y.channels, other + row * y.channels)
              for channel in 0..<y.channels { unsafe to[channel] += scale[channel] * from[channel] }
            }
          }
        }
      ]
    }
  }
}

extension GraphBuilder {
  mutating func add(_ name: String, _ x: Int, _ y: Int) -> Int { graph.add(name, Add(), [x, y]) }

  func has(_ name: String) -> Bool { dict[name] != nil }
}
