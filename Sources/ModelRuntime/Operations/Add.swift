internal import SutureArchitectures

/// The sum of two maps.
struct Add: Operation {
  func output(for inputs: [MapShape]) throws -> MapShape {
    guard inputs[0] == inputs[1] else {
      throw ModelError.wrongInput("it adds \(inputs[1].text) to \(inputs[0].text)")
    }
    return inputs[0]
  }

  func compute(_ x: [FeatureMap], _ shape: MapShape) -> FeatureMap {
    FeatureMap(shape, zip(x[0].values, x[1].values).map { Float(Double($0) + Double($1)) })
  }

  /// Adds the second input to the first, in place.
  func compile(_ context: CompilerContext, _ inputs: [MapShape], _ y: MapShape) -> CompiledLayer {
    CompiledLayer(replacedInput: 0) { buffers in
      let output = unsafe buffers.output.assumingMemoryBound(to: Float.self)
      let other = unsafe buffers.inputs[1].assumingMemoryBound(to: Float.self)
      return [{ for index in 0..<y.count { unsafe output[index] += other[index] } }]
    }
  }
}

extension GraphBuilder {
  mutating func add(_ name: String, _ x: Int, _ y: Int) -> Int { graph.add(name, Add(), [x, y]) }
}
