internal import CSutureKernels
internal import CSutureOneDNN
internal import Glibc
internal import SutureArchitectures
internal import SutureTensors

/// A linear map of each pixel's channels, as `nn.Linear` on N×H×W×C.
struct Linear: Operation {
  /// [out, in].
  let weight: Parameter
  let bias: Parameter?
  let inputs: Int
  let outputs: Int
  let activation: Activation

  init(_ start: String, in dict: StateDict, inputs: Int, outputs: Int, activation: Activation = .none) throws
  {
    weight = try Parameter(start + ".weight", in: dict, shape: [outputs, inputs])
    bias = try Parameter(start + ".bias", in: dict, shape: [outputs])
    (self.inputs, self.outputs, self.activation) = (inputs, outputs, activation)
  }

  init(_ layer: LinearLayer, in dict: StateDict) throws {
    let (first, rows) = (layer.part.index * layer.outputs, layer.part.count * layer.outputs)
    func part(_ name: String, _ shape: [Int]) throws -> Parameter {
      try Parameter(name, in: dict, shape: shape).rows(first..<(first + layer.outputs))
    }
    weight = try part(layer.weight, [rows, layer.inputs])
    bias = try layer.bias.map { try part($0, [rows]) }
    (inputs, outputs, activation) = (layer.inputs, layer.outputs, layer.activation)
  }

  var parameters: [Parameter] { [weight] + (bias.map { [$0] } ?? []) }

  func multiplyAccumulates(for output: MapShape) -> Int { output.count * inputs }

  func output(for x: [MapShape]) throws -> MapShape {
    guard x[0].channels == inputs else {
      throw ModelError.wrongInput("it takes \(inputs) channels and is given \(x[0].channels)")
    }
    return MapShape(batch: x[0].batch, height: x[0].height, width: x[0].width, channels: outputs)
  }

  func compute(_ x: [FeatureMap], _ shape: MapShape) throws -> FeatureMap {
    let x = x[0]
    var y = FeatureMap(shape, [Float](repeating: 0, count: shape.count))
    let weight = try weight.values()
    let bias = try bias?.values() ?? [Float](repeating: 0, count: outputs)
    for row in 0..<x.rowCount {
      for output in 0..<outputs {
        var sum = Double(bias[output])
        for input in 0..<inputs {
          sum += Double(x.values[row * inputs + input]) * Double(weight[output * inputs + input])
        }
        y.values[row * outputs + output] = activation.applied(to: sum)
      }
    }
    return y
  }

  /// Its bias, and zeros where it has none.
  func readBias(into target: UnsafeMutableBufferPointer<Float>) throws {
    if let bias { try unsafe bias.read(into: target) } else { unsafe target.update(repeating: 0) }
  }

  func compile(_ context: CompilerContext, _ x: [MapShape], _ output: MapShape) throws -> CompiledLayer {
    let dnnl = context.dnnl
    let product = try context.product(
      rows: x[0].rows, inputs: inputs, outputs: outputs, (dnnl_f32, dnnl_f32), activation)
    let request = try unsafe product.request(weight.count, inputs: inputs, outputs: outputs) {
      weights, bias in
      try unsafe weight.read(into: weights)
      try unsafe readBias(into: bias)
    }
    return CompiledLayer(weights: [request], scratchByteCount: product.scratchpadByteCount) { buffers in
      try unsafe product.bound(
        buffers.inputs[0], buffers.weights[0], buffers.output, scratchpad: buffers.scratch, dnnl
      ).map { execution in { try execution(dnnl) } }
    }
  }
}

// MARK: On a kernel of ours

extension Linear {
  /// A convolution of 1×1.
  func compileKernel(
    _ context: CompilerContext, _ isa: suture_isa, _ maps: [MapShape], _ y: MapShape
  ) throws -> CompiledLayer? {
    guard activation == .none || activation == .silu else { return nil }
    let kernel = suture_convolution(
      isa: isa, precision: SUTURE_PRECISION_FLOAT32, batch: 1, height: 1, width: maps[0].rows, inputs: inputs,
      outputs: outputs, kernel: 1, stride: 1, padding: 0, pitches: suture_pitches(), normalizes: false,
      activates: activation == .silu,
      epsilon: 0, threads: context.kernelThreads)
    return try unsafe context.product(kernel, weightCount: weight.count) { weights, bias in
      try unsafe weight.read(into: weights)
      try unsafe readBias(into: bias)
    }
  }
}

extension GraphBuilder {
  mutating func linear(_ name: String, inputs: Int, outputs: Int, of x: Int) throws -> Int {
    graph.add(name, try Linear(name, in: dict, inputs: inputs, outputs: outputs), [x])
  }

  mutating func linear(_ name: String, _ layer: LinearLayer, of x: Int) throws -> Int {
    graph.add(name, try Linear(layer, in: dict), [x])
  }
}

extension Activation {
  /// In double precision, rounded once.
  func applied(to value: Double) -> Float {
    switch self {
    case .none: Float(value)
    case .gelu: Float(0.5 * value * (1 + erf(value / 2.0.squareRoot())))
    case .geluTanh:
      Float(
        0.5 * value
          * (1 + Glibc.tanh((2 / Double.pi).squareRoot() * (value + 0.044715 * value * value * value))))
    case .quickGELU: Float(value / (1 + exp(-1.702 * value)))
    case .silu: Float(value / (1 + exp(-value)))
    case .relu: Float(max(value, 0))
    case .relu6: Float(min(max(value, 0), 6))
    case .leakyReLU(let slope): Float(value >= 0 ? value : slope * value)
    case .hardswish: Float(value * min(max(value + 3, 0), 6) / 6)
    case .mish: Float(value * Glibc.tanh(Self.softplus(value)))
    case .elu(let alpha): Float(value > 0 ? value : alpha * expm1(value))
    case .celu(let alpha): Float(value > 0 ? value : alpha * expm1(value / alpha))
    case .selu: Float(Self.seluScale * (value > 0 ? value : Self.seluAlpha * expm1(value)))
    case .sigmoid: Float(1 / (1 + exp(-value)))
    case .tanh: Float(Glibc.tanh(value))
    case .softplus(let beta): Float(Self.softplus(beta * value) / beta)
    case .hardtanh(let least, let most): Float(min(max(value, least), most))
    case .hardsigmoid: Float(min(max(value + 3, 0), 6) / 6)
    case .logSigmoid: Float(-Self.softplus(-value))
    }
  }

  /// ln(1 + eˣ), without an infinity on the way.
  private static func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }

  static let seluAlpha = 1.6732632423543772848170429916717
  static let seluScale = 1.0507009873554804934193349852946
}
