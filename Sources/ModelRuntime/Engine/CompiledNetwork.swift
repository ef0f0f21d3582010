internal import SutureArchitectures

/// A graph made ready for images of one shape: primitives, packed weights, and one region for all activations.
@safe final class CompiledNetwork {
  @safe private struct Step {
    let name: String
    let shape: MapShape
    let output: UnsafeMutableRawPointer
    let work: [CompiledLayer.Work]
  }

  private let steps: [Step]
  private let region: Region
  private let input: UnsafeMutableRawPointer
  private let outputs: [(shape: MapShape, place: UnsafeMutableRawPointer)]

  /// - Parameter weights: gives the packed weights for a node's requests.
  init(
    _ graph: Graph, _ context: CompilerContext, _ image: MapShape, outputs: [Int],
    weights: ([(node: Int, requests: [WeightRequest])]) throws -> [[PackedWeights]]
  ) throws {
    let needed = graph.needed(for: outputs)
    let shapes = try graph.shapes(for: image, needed: needed)
    func shape(_ value: Int) throws -> MapShape {
      guard let shape = shapes[value] else { throw ModelError.wrongInput("value \(value) is not computed") }
      return shape
    }
    try graph.validateMemory(shapes, needed: needed)
    var lastUse = [Int](repeating: -1, count: graph.nodes.count + 1)
    for index in needed { for input in graph.nodes[index].inputs { lastUse[input] = index } }
    for output in outputs { lastUse[output] = .max }

    var layers: [CompiledLayer] = []
    var plan = BufferPlan()
    var offsets = [0: plan.place(0, size: image.count * 4)]
    var copies: [Int: Int] = [:]
    for index in needed {
      let node = graph.nodes[index]
      let output = try shape(index + 1)
      let layer: CompiledLayer
      do {
        let inputs = try node.inputs.map(shape)
        let own = try context.instructions.flatMap {
          try node.operation.compileKernel(context, $0.ofKernels, inputs[0])
        }
        layer = try own ?? node.operation.compile(context, inputs, output)
      } catch ModelError.engine(let reason) { throw ModelError.engine("layer \(node.name): \(reason)") }
      layers.append(layer)
      let replaced = layer.replacedInput.map { node.inputs[$0] }
      if let replaced, lastUse[replaced] == index, node.inputs.filter({ $0 == replaced }).count == 1 {
        offsets[index + 1] = plan.handOver(replaced, to: index + 1)
      } else {
        offsets[index + 1] = plan.place(index + 1, size: output.count * 4)
        copies[index] = replaced
      }
      for input in node.inputs where lastUse[input] == index { plan.free(input) }
    }
    let scratch = layers.map(\.scratchByteCount).max() ?? 0
    try Graph.validateMemory(
      weights: layers.reduce(0) { $0 + $1.weights.reduce(0) { $0 + $1.byteCount } },
      activations: plan.byteCount + scratch, "its layers together")
    let packed = try weights(zip(needed, layers).map { ($0, $1.weights) })
    let region = Region(byteCount: plan.byteCount + scratch)
    func place(_ value: Int) -> UnsafeMutableRawPointer { unsafe region.base + (offsets[value] ?? 0) }

    steps = try zip(needed, zip(layers, packed)).map { index, prepared in
      let node = graph.nodes[index]
      let output = try shape(index + 1)
      let buffers = unsafe CompiledLayer.Buffers(
        inputs: node.inputs.map(place), output: place(index + 1), weights: prepared.1,
        scratch: region.base + plan.byteCount)
      var work = try prepared.0.emit(buffers)
      if let from = unsafe copies[index].map(place) {
        work.insert(
          { unsafe CompilerContext.copy(from.floats, to: buffers.output.floats, count: output.count) }, at: 0)
      }
      return unsafe Step(name: node.name, shape: output, output: buffers.output, work: work)
    }
    self.region = region
    unsafe input = unsafe place(0)
    unsafe self.outputs = try unsafe outputs.map { unsafe (try shape($0), place($0)) }
  }

  func run(_ image: FeatureMap, observe: LayerObserver?) throws -> [FeatureMap] {
    unsafe image.values.withUnsafeBufferPointer { values in
      if let base = values.baseAddress {
        unsafe CompilerContext.copy(base, to: input.floats, count: values.count)
      }
    }
    for step in steps {
      let start = observe == nil ? 0 : now
      for work in step.work { try work() }
      if let observe {
        let seconds = now - start
        let values = unsafe UnsafeBufferPointer(
          start: step.output.assumingMemoryBound(to: Float.self), count: step.shape.count)
        try observe(unsafe LayerOutput(name: step.name, seconds: seconds, shape: step.shape, values: values))
      }
    }
    return unsafe outputs.map { shape, place in
      let values = unsafe [Float](unsafeUninitializedCapacity: shape.count) { buffer, count in
        if let base = buffer.baseAddress {
          unsafe CompilerContext.copy(place.floats, to: base, count: shape.count)
        }
        count = shape.count
      }
      return FeatureMap(shape, values)
    }
  }
}

/// Where in one region each value lies, so that values that are never alive together share their bytes.
struct BufferPlan {
  private var live: [Int: Range<Int>] = [:]
  private(set) var byteCount = 0

  /// Takes the lowest gap of `size` bytes and gives its offset.
  ///
  /// - Complexity: O(*n* log *n*) in the values alive, which are few.
  mutating func place(_ value: Int, size: Int) -> Int {
    let size = Region.aligned(size)
    var offset = 0
    for other in live.values.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if other.lowerBound - offset >= size { break }
      offset = max(offset, other.upperBound)
    }
    live[value] = offset..<(offset + size)
    byteCount = max(byteCount, offset + size)
    return offset
  }

  /// Gives the bytes of `value` to another value, which lives on in them.
  mutating func handOver(_ value: Int, to heir: Int) -> Int? {
    live[heir] = live.removeValue(forKey: value)
    return live[heir]?.lowerBound
  }

  mutating func free(_ value: Int) { live[value] = nil }
}
