internal import SutureTensors

/// Makes a graph of layers and of the tensors that lie under `model.<i>.`.
struct DetectorBuilder {
  let dict: StateDict
  /// What stands before `model.`, as `module.` does after `DataParallel`.
  let prefix: String
  private(set) var graph = Graph()

  init(_ dict: StateDict, prefix: String) { (self.dict, self.prefix) = (dict, prefix) }

  /// The layer's output for the values that it reads.
  ///
  /// - Throws: ``ModelError`` where a tensor is missing or has the wrong shape.
  mutating func add(_ layer: DetectorLayer, _ inputs: [Int]) throws -> Int {
    let start = "\(prefix)model.\(layer.index)"
    func repeated(_ body: (String, Int) throws -> Int) rethrows -> Int {
      if layer.repeats == 1 { return try body(start, inputs[0]) }
      return try (0..<layer.repeats).reduce(inputs[0]) { try body("\(start).\($1)", $0) }
    }
    switch layer.module {
    case .convNeXtBlock(let index, let configuration):
      return try ConvNeXtBuilder(dict: dict, prefix: start + ".", configuration: configuration)
        .addStage(index, to: &graph, inputs[0])
    case .convolution(let shape): return try repeated { try add(shape, $0, $1) }
    case .bottleneck(let shape): return try repeated { try add(shape, $0, $1) }
    case .c3(let shape): return try add(shape, start, inputs[0])
    case .concat: return graph.add(start, .concat, inputs)
    case .upsample(let factor): return graph.add(start, .upsample(factor: factor), inputs)
    case .detect: return inputs[0]
    }
  }

  /// A level of Detect: a 1×1 convolution with a bias.
  mutating func addLevel(_ level: Int, of layer: DetectorLayer, inputs: Int, outputs: Int, _ input: Int)
    throws -> Int
  {
    let start = "\(prefix)model.\(layer.index).m.\(level)"
    let convolution = Convolution(
      weight: try Parameter(start + ".weight", in: dict, shape: [outputs, inputs, 1, 1]),
      bias: try Parameter(start + ".bias", in: dict, shape: [outputs]), inputChannels: inputs,
      outputChannels: outputs, kernel: 1, stride: 1, padding: 0, groups: 1)
    return graph.add(start, .convolution(convolution), [input])
  }

  private mutating func add(_ shape: DetectorLayer.ConvolutionShape, _ start: String, _ input: Int) throws
    -> Int
  {
    let weight = [shape.outputs, shape.inputs / shape.groups, shape.kernel, shape.kernel]
    let convolution = Convolution(
      weight: try Parameter(start + ".conv.weight", in: dict, shape: weight), bias: nil,
      inputChannels: shape.inputs, outputChannels: shape.outputs, kernel: shape.kernel, stride: shape.stride,
      padding: shape.padding ?? shape.kernel / 2, groups: shape.groups,
      batchNorm: try BatchNorm(start + ".bn", in: dict, channels: shape.outputs), activation: .silu)
    return graph.add(start, .convolution(convolution), [input])
  }

  private mutating func add(_ shape: DetectorLayer.BottleneckShape, _ start: String, _ input: Int) throws
    -> Int
  {
    let hidden = try add(shape.first, start + ".cv1", input)
    let output = try add(shape.second, start + ".cv2", hidden)
    return shape.shortcut ? graph.add(start, .add, [output, input]) : output
  }

  private mutating func add(_ shape: DetectorLayer.CSPShape, _ start: String, _ input: Int) throws -> Int {
    var path = try add(shape.entry, start + ".cv1", input)
    for index in 0..<shape.repeats { path = try add(shape.bottleneck, "\(start).m.\(index)", path) }
    let skip = try add(shape.entry, start + ".cv2", input)
    return try add(shape.exit, start + ".cv3", graph.add(start + ".cat", .concat, [path, skip]))
  }
}
