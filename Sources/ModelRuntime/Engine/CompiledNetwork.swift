internal import SutureArchitectures

/// A graph made ready for images of one shape: primitives, packed weights, and one region for all activations.
@safe final class CompiledNetwork {
  @safe private struct Step {
    let name: String
    let shape: MapShape
    let output: UnsafeMutableRawPointer
    /// `nil` where the layer reads the image, which lies elsewhere each time.
    let work: [CompiledLayer.Work]?
    let bound: (_ image: UnsafeMutableRawPointer) throws -> [CompiledLayer.Work]
  }

  private let steps: [Step]
  private let region: Region
  /// `nil` for the image itself.
  private let outputs: [(shape: MapShape, place: UnsafeMutableRawPointer?)]

  /// - Parameter weights: gives the packed weights for a node's requests.
  init(
    _ graph: Graph, _ context: CompilerContext, _ image: MapShape, outputs: [Int],
    weights: ([(node: Int, requests: [WeightRequest])]) throws -> [[PackedWeights]]
  ) throws {
    let needed = graph.needed(for: outputs)
    let shapes = try graph.shapes(for: image, needed: needed)
    try graph.validateMemory(shapes, needed: needed)
    let places = MapPlaces(graph, shapes, needed: needed, outputs: outputs) { index in
      graph.nodes[index].operation.parts(context)
    }
    func shape(_ value: Int) throws -> MapShape {
      guard let shape = shapes[value] else { throw ModelError.wrongInput("value \(value) is not computed") }
      return places.placed(value, shape)
    }

    var layers: [CompiledLayer] = []
    var plan = BufferPlan()
    var offsets: [Int: Int] = [:]
    var copies: [Int: Int] = [:]
    for index in needed {
      let node = graph.nodes[index]
      let output = try shape(index + 1)
      let layer: CompiledLayer
      do {
        let inputs = try node.inputs.map(shape)
        let own = try context.instructions.flatMap {
          try node.operation.compileKernel(context, $0.ofKernels, inputs, output)
        }
        layer = try own ?? node.operation.compile(context, inputs, output)
      } catch ModelError.engine(let reason) { throw ModelError.engine("layer \(node.name): \(reason)") }
      layers.append(layer)
      let owner = places.owner(of: index + 1)
      if let replaced = (layer.replacedInput ?? layer.reusableInput).map({ node.inputs[$0] }),
        replaced != 0, places.isAlone(replaced), places.isAlone(index + 1), places.ends(replaced, at: index),
        node.inputs.filter({ $0 == replaced }).count == 1
      {
        offsets[index + 1] = plan.handOver(replaced, to: index + 1)
      } else {
        if offsets[owner] == nil { offsets[owner] = plan.place(owner, size: try shape(owner).count * 4) }
        copies[index] = layer.replacedInput.map { node.inputs[$0] }
      }
      for value in Set(node.inputs.map(places.owner)) where places.ends(value, at: index) { plan.free(value) }
    }
    let scratch = layers.map(\.scratchByteCount).max() ?? 0
    try Graph.validateMemory(
      weights: layers.reduce(0) { $0 + $1.weights.reduce(0) { $0 + $1.byteCount } },
      activations: plan.byteCount + scratch, "its layers together")
    let packed = try weights(zip(needed, layers).map { ($0, $1.weights) })
    let region = Region(byteCount: plan.byteCount + scratch)
    func place(_ value: Int) -> UnsafeMutableRawPointer {
      unsafe region.base + (offsets[places.owner(of: value)] ?? 0) + places.firstChannel(of: value) * 4
    }

    steps = try zip(needed, zip(layers, packed)).map { index, prepared in
      let node = graph.nodes[index]
      let (layer, weights) = prepared
      let output = try shape(index + 1)
      let (target, copied) = unsafe (place(index + 1), copies[index])
      func work(_ image: UnsafeMutableRawPointer) throws -> [CompiledLayer.Work] {
        let buffers = unsafe CompiledLayer.Buffers(
          inputs: node.inputs.map { unsafe $0 == 0 ? image : place($0) }, output: target, weights: weights,
          scratch: region.base + plan.byteCount)
        let work = try layer.emit(buffers)
        guard let copied else { return work }
        let from = unsafe copied == 0 ? image : place(copied)
        return [{ unsafe CompilerContext.copy(from.floats, to: target.floats, count: output.count) }] + work
      }
      return unsafe Step(
        name: node.name, shape: output, output: target,
        work: node.inputs.contains(0) ? nil : try work(region.base), bound: work)
    }
    self.region = region
    unsafe self.outputs = try unsafe outputs.map { unsafe (try shape($0), $0 == 0 ? nil : place($0)) }
  }

  /// Runs the network, and shows `use` the outputs, which lie where they were computed.
  func run<Result>(
    _ image: FeatureMap, observe: LayerObserver?, _ use: ([MapView]) throws -> Result
  ) throws -> Result {
    try image.show { image in
      // No layer writes to it.
      let input = unsafe UnsafeMutableRawPointer(mutating: image.start)
      for step in steps {
        let start = observe == nil ? 0 : now
        for work in try unsafe step.work ?? step.bound(input) { try work() }
        let seconds = observe == nil ? 0 : now - start
        try observe?(
          LayerOutput(
            name: step.name, seconds: seconds, view: unsafe MapView(step.shape, step.output.floats)))
      }
      return try use(unsafe outputs.map { shape, place in unsafe MapView(shape, (place ?? input).floats) })
    }
  }
}
