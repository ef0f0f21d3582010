import SutureArchitectures
import SutureTensors
import TestSupport
import Testing

@testable import SutureModelRuntime

/// An operation with what it is tried on.
struct OperationSample: CustomTestStringConvertible {
  let name: String
  /// How many channels the image has.
  let channels: Int
  /// Adds the operation for the image, value 0, and where it reads two, for `other`, a map of the same shape.
  let add: @Sendable (inout GraphBuilder, _ other: Int) throws -> Int

  var testDescription: String { name }

  /// Every operation, in each form that an engine treats differently.
  static let all = layers + activations

  private static let layers: [OperationSample] =
    [
      .init("add", 5) { builder, other in builder.add("add", 0, other) },
      .init("concat", 5) { builder, other in builder.concat("concat", [0, other, 0]) },
      .init("upsample", 5) { builder, _ in builder.upsample("upsample", factor: 3, of: 0) },
      .init("scaled", 19) { builder, _ in
        try builder.scaled("scaled", by: "scale", channels: 19, of: 0)
      },
      .init("mean", 19) { builder, _ in builder.mean("mean", of: 0) },
      .init("layer norm", 19) { builder, _ in
        try builder.layerNorm("n19", channels: 19, epsilon: 1e-6, of: 0)
      },
      .init("response norm", 19) { builder, _ in
        try builder.responseNorm("g", weight: "n19.weight", bias: "n19.bias", channels: 19, of: 0)
      },
      .init("norm by the root mean square", 19) { builder, _ in
        try builder.channelNorm("n19", .withoutBias(isSimple: false), channels: 19, epsilon: 1e-6, of: 0)
      },
      .init("norm by the deviation", 19) { builder, _ in
        try builder.channelNorm("n19", .withoutBias(isSimple: true), channels: 19, epsilon: 1e-6, of: 0)
      },
      .init("feed-forward of version 2", 19) { builder, other in
        var layer = FeedForwardLayer(
          norm: "n19", first: "l76", second: "l19", scale: nil, channels: 19, hidden: 76)
        layer.responseNorm = ("grn", "grn.gamma", "grn.beta")
        return try builder.feedForward("block", layer, of: other, residual: 0)
      },
      .init("feed-forward without biases of norms", 19) { builder, other in
        var layer = FeedForwardLayer(
          norm: "n19", first: "l76", second: "l19", scale: "scale", channels: 19, hidden: 76)
        layer.kind = .withoutBias(isSimple: false)
        return try builder.feedForward("block", layer, of: other, residual: 0)
      },
      .init("linear", 19) { builder, _ in try builder.linear("l", inputs: 19, outputs: 7, of: 0) },
      .init("feed-forward", 19) { builder, other in
        let layer = FeedForwardLayer(
          norm: "n19", first: "l76", second: "l19", scale: "scale", channels: 19, hidden: 76)
        return try builder.feedForward("block", layer, of: other, residual: 0)
      },
      .convolution("stem", 3, ConvolutionLayer("stem", shape: [19, 3, 4, 4], stride: 4)),
      .convolution(
        "depthwise", 19, ConvolutionLayer("depthwise", shape: [19, 1, 7, 7], padding: 3, groups: 19)),
      .init("convolution with a sum", 19) { builder, other in
        let layer = ConvolutionLayer(
          "square", shape: [19, 19, 3, 3], hasBias: false, padding: 1, activation: .silu)
        return try builder.convolution("square", layer, of: 0, adding: other)
      },
      .init("depthwise convolution with a sum", 19) { builder, other in
        try builder.convolution(
          "depthwise", ConvolutionLayer("depthwise", shape: [19, 1, 7, 7], padding: 3, groups: 19), of: 0,
          adding: other)
      },
      .convolution(
        "downsampling", 19, ConvolutionLayer("down", shape: [8, 19, 2, 2], stride: 2, layerNorm: "n19")),
      .convolution(
        "Conv", 19,
        ConvolutionLayer(
          "conv", shape: [8, 19, 3, 3], hasBias: false, stride: 2, padding: 1, batchNorm: "bn8",
          activation: .silu)),
      .init("max pool", 5) { builder, _ in
        try builder.maxPool("pool", kernel: 3, stride: 2, padding: 1, of: 0)
      },
      .init("max pool: even", 19) { builder, _ in
        try builder.maxPool("pool", kernel: 2, stride: 1, padding: 0, of: 0)
      },
      .init("max pool that rounds up", 5) { builder, _ in
        try builder.maxPool("pool", kernel: 2, stride: 2, padding: 0, roundsUp: true, of: 0)
      },
      .init("max pool that rounds up, padded", 5) { builder, _ in
        try builder.maxPool("pool", kernel: 3, stride: 4, padding: 1, roundsUp: true, of: 0)
      },
      .init("bilinear", 5) { builder, _ in
        builder.resample("up", factor: 2, mode: UpsampleMode(isCubic: false, alignsCorners: false), of: 0)
      },
      .init("bilinear, corners aligned", 5) { builder, _ in
        builder.resample("up", factor: 3, mode: UpsampleMode(isCubic: false, alignsCorners: true), of: 0)
      },
      .init("bicubic", 5) { builder, _ in
        builder.resample("up", factor: 2, mode: UpsampleMode(isCubic: true, alignsCorners: false), of: 0)
      },
      .init("zero pad", 5) { builder, _ in
        try builder.zeroPad("pad", Padding(left: 1, right: 0, top: 2, bottom: 3), of: 0)
      },
      .init("contract and expand", 5) { builder, _ in
        // To sides that divide first.
        let even = try builder.zeroPad("pad", Padding(left: 1, right: 2, top: 1, bottom: 1), of: 0)
        let wide = try builder.contract("contract", gain: 3, order: .rows, of: even)
        return builder.concat("back", [even, try builder.expand("expand", gain: 3, of: wide)])
      },
      .init("contract by columns", 5) { builder, _ in
        let even = try builder.zeroPad("pad", Padding(left: 1, right: 2, top: 1, bottom: 1), of: 0)
        return try builder.contract("contract", gain: 3, order: .columns, of: even)
      },
      .init("batch norm", 8) { builder, _ in
        try builder.channelwise("norm", norm: "bn8", .none, channels: 8, of: 0)
      },
      .init("batch norm and SiLU", 8) { builder, _ in
        try builder.channelwise("norm", norm: "bn8", .silu, channels: 8, of: 0)
      },
      .init("an activation", 5) { builder, _ in
        try builder.channelwise("act", norm: nil, .mish, channels: 5, of: 0)
      },
      .init("attention", 12) { builder, other in
        try builder.attention("ma", heads: 3, areas: 1, queries: 0, keys: other, values: 0)
      },
      .init("attention within areas", 12) { builder, other in
        try builder.attention("ma", heads: 2, areas: 3, queries: 0, keys: other, values: 0)
      },
      .init("a part of a linear layer", 19) { builder, _ in
        let layer = LinearLayer(weight: "l76.weight", bias: "l76.bias", inputs: 19, outputs: 38, part: (1, 2))
        return try builder.linear("l", layer, of: 0)
      },
      .init("a linear layer without bias", 19) { builder, _ in
        try builder.linear("l", LinearLayer(weight: "l.weight", inputs: 19, outputs: 7), of: 0)
      },
      .init("transposed convolution", 6) { builder, _ in
        try builder.transposedConvolution(
          "spread", TransposedLayer(shape: [6, 4, 3, 3], stride: 2, padding: 1, outputPadding: 1), of: 0)
      },
      .init("grouped transposed convolution", 6) { builder, _ in
        try builder.transposedConvolution(
          "groups", TransposedLayer(shape: [6, 2, 2, 2], hasBias: false, stride: 2, groups: 3), of: 0)
      },
      .convolution(
        "one row", 19,
        ConvolutionLayer(
          "row", shape: [8, 19, 1, 3], hasBias: false, stride: Sides(height: 1, width: 2),
          padding: Sides(height: 0, width: 1))),
      .convolution(
        "dilated", 6, ConvolutionLayer("grouped", shape: [4, 3, 3, 3], padding: 2, dilation: 2, groups: 2)),
      .convolution(
        "dilated product", 19, ConvolutionLayer("conv", shape: [8, 19, 3, 3], hasBias: false, dilation: 3)),
      .convolution("grouped", 6, ConvolutionLayer("grouped", shape: [4, 3, 3, 3], padding: 1, groups: 2)),
    ]

  private static let activations: [OperationSample] =
    [
      Activation.gelu, .geluTanh, .quickGELU, .silu, .relu, .relu6, .leakyReLU(slope: 0.1), .hardswish, .mish,
      .elu(alpha: 0.7), .celu(alpha: 1.5), .selu, .sigmoid, .tanh, .softplus(beta: 1.5),
      .hardtanh(min: -0.5, max: 0.7), .hardsigmoid, .logSigmoid,
    ].flatMap { activation in
      [
        convolution(
          "\(activation)", 19, ConvolutionLayer("gelu", shape: [8, 19, 1, 1], activation: activation)),
        Self("feed-forward: \(activation)", 19) { builder, other in
          let layer = FeedForwardLayer(
            norm: "n19", first: "l76", second: "l19", scale: "scale", channels: 19, hidden: 76)
          var settings = NetworkSettings()
          settings.activation = activation
          var own = GraphBuilder(builder.dict, settings)
          own.graph = builder.graph
          defer { builder.graph = own.graph }
          return try own.feedForward("block", layer, of: other, residual: 0)
        },
      ]
    }

  init(
    _ name: String, _ channels: Int, _ add: @escaping @Sendable (inout GraphBuilder, Int) throws -> Int
  ) {
    (self.name, self.channels, self.add) = (name, channels, add)
  }

  private static func convolution(_ name: String, _ channels: Int, _ layer: ConvolutionLayer) -> Self {
    Self("convolution: \(name)", channels) { builder, _ in try builder.convolution(layer.name, layer, of: 0) }
  }

  static func weights(_ generator: inout Seeded) throws -> StateDict {
    let shapes: KeyValuePairs = [
      "n19.weight": [19], "n19.bias": [19], "l.weight": [7, 19], "l.bias": [7], "l76.weight": [76, 19],
      "l76.bias": [76], "l19.weight": [19, 76], "l19.bias": [19], "scale": [19],
      "grn.gamma": [1, 1, 1, 76], "grn.beta": [1, 1, 1, 76],
      "stem.weight": [19, 3, 4, 4],
      "stem.bias": [19], "depthwise.weight": [19, 1, 7, 7], "depthwise.bias": [19],
      "down.weight": [8, 19, 2, 2],
      "down.bias": [8], "conv.weight": [8, 19, 3, 3], "bn8.weight": [8], "bn8.bias": [8],
      "bn8.running_mean": [8],
      "bn8.running_var": [8], "grouped.weight": [4, 3, 3, 3], "grouped.bias": [4],
      "gelu.weight": [8, 19, 1, 1],
      "gelu.bias": [8], "spread.weight": [6, 4, 3, 3], "spread.bias": [4], "groups.weight": [6, 2, 2, 2],
      "row.weight": [8, 19, 1, 3], "square.weight": [19, 19, 3, 3],
    ]
    return try Weights.random(shapes.map { ($0.key, $0.value) }, gain: 1, &generator)
  }
}

@Suite struct `An operation` {
  @Test(arguments: OperationSample.all)
  func `is computed by every engine as by plain loops`(sample: OperationSample) throws {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = Seeded(seed)
    let channels = sample.channels
    var weights = try OperationSample.weights(&generator)
    let scales = (0..<channels).map { _ in Float.random(in: 0.5...2, using: &generator) }
    try weights.append("other.weight", try Tensor(floats: scales, shape: [channels, 1, 1, 1]))
    for batch in 1...2 {
      var image = try FeatureMap(batch: batch, height: 13, width: 9, channels: channels)
      for index in image.values.indices { image.values[index] = Float.random(in: -2...2, using: &generator) }
      var builder = GraphBuilder(weights)
      let other = try builder.convolution(
        "other", ConvolutionLayer("other", shape: [channels, 1, 1, 1], hasBias: false, groups: channels),
        of: 0)
      let value = try sample.add(&builder, other)
      let graph = builder.graph
      let truth = try EngineKind.reference.make(graph, .float32).maps(of: image, outputs: [value])[0]
      #expect(
        truth.mapShape == (try graph.shapes(for: image.mapShape, needed: graph.needed(for: [value]))[value]))
      let kernels = try InstructionSet.available.map {
        ("\($0)", try OneDNNNetwork(graph, .float32, $0) as any NetworkEngine)
      }
      let engines = try EngineKind.allCases.map { ("\($0)", try $0.make(graph, .float32)) }
      for (name, engine) in engines + kernels {
        let ours = try engine.maps(of: image, outputs: [value])[0]
        #expect(ours.shape == truth.shape)
        #expect(Difference(ours.values, from: truth.values).relative < 2e-6, "\(name), seed \(seed)")
      }
    }
  }

  @Test func `counts its products and names its tensors`() throws {
    var generator = Seeded(1)
    var builder = GraphBuilder(try OperationSample.weights(&generator))
    let layer = ConvolutionLayer("down", shape: [8, 19, 2, 2], stride: 2, layerNorm: "n19")
    let value = try builder.convolution("down", layer, of: 0)
    let image = MapShape(batch: 1, height: 4, width: 6, channels: 19)
    #expect(try builder.graph.costs(image, [value]).map(\.multiplyAccumulates) == [6 * 8 * 19 * 4])
    #expect(builder.graph.readNames == ["down.weight", "down.bias", "n19.weight", "n19.bias"])
  }
}
