import SutureArchitectures
import SutureCheckpoints
import SutureTensors
import TestSupport
import Testing

@testable import SutureModelRuntime

/// Single layers with awkward inputs, against what PyTorch computes in float64.
@Suite struct `A layer` {
  private static let fixtures = Result {
    try Checkpoint.open(projectFolder + "/" + path)
      .stateDict
  }
  private static let path = "Fixtures/Layers/layers.safetensors"

  /// The error of each engine over the peak of the output.
  private func errors(_ name: String, _ operation: (StateDict) throws -> some Operation) throws -> [Double] {
    let dict = try Self.fixtures.get()
    let image = try FeatureMap(nchw: try #require(dict[name + ".in.x"]))
    let expected = try FeatureMap(nchw: try #require(dict[name + ".out"]))
    var graph = Graph()
    let value = graph.add(name, try operation(dict), [0])
    return try EngineKind.allCases.map { kind in
      let output = try kind.make(graph, .float32).maps(of: image, outputs: [value])[0]
      #expect(output.shape == expected.shape)
      return Difference(output.values, from: expected.values).relative
    }
  }

  private func renamed(_ dict: StateDict, _ names: [String: String]) throws -> StateDict {
    try StateDict(
      names.compactMap { new, old in dict[old].map { StateDict.Entry(name: new, tensor: $0) } })
  }

  @Test(arguments: [
    "stem.4.4.0.1", "down.2.2.0.1", "depthwise.7.1.3.5", "depthwise_wide.7.1.3.40", "depthwise_tiny.7.1.3.9",
    "1x1.1.1.0.1", "3x3.3.1.1.1", "3x3_grouped.3.1.1.2", "3x3_odd.3.2.1.1", "3x3_even.3.2.1.1",
  ])
  func `convolves as PyTorch does`(name: String) throws {
    let numbers = name.split(separator: ".").dropFirst().compactMap { Int($0) }
    let errors = try errors("conv." + name) { dict in
      let weight = try #require(dict["conv.\(name).in.weight"])
      return try Convolution(
        ConvolutionLayer(
          "conv.\(name).in", shape: weight.shape, stride: Sides(numbers[1]), padding: Sides(numbers[2]),
          groups: numbers[3]),
        in: dict)
    }
    for error in errors { #expect(error < 5e-7) }
  }

  @Test(arguments: [("1", 5e-7), ("3", 5e-7), ("40", 5e-7), ("96", 5e-7), ("257", 5e-7), ("offset", 5e-5)])
  func `normalises where the variance is tiny and the mean is large`(name: String, bound: Double) throws {
    let errors = try errors("norm." + name) { dict in
      let names = ["weight": "norm.\(name).in.weight", "bias": "norm.\(name).in.bias"]
      let own = try renamed(dict, ["n.weight": names["weight"] ?? "", "n.bias": names["bias"] ?? ""])
      return try LayerNorm("n", in: own, channels: own["n.weight"]?.elementCount ?? 0)
    }
    for error in errors { #expect(error < bound) }
  }

  @Test(arguments: [("gelu", Activation.gelu), ("silu", .silu)])
  func `computes activations to their tails`(name: String, activation: Activation) throws {
    let errors = try errors(name) { _ in
      let dict = try StateDict([
        .init(name: "l.weight", tensor: try Tensor(floats: [1], shape: [1, 1])),
        .init(name: "l.bias", tensor: try Tensor(floats: [0], shape: [1])),
      ])
      return try Linear("l", in: dict, inputs: 1, outputs: 1, activation: activation)
    }
    for error in errors { #expect(error < 2e-7) }
  }

  @Test(arguments: [("linear", 97, 33), ("linear.long", 8192, 3)])
  func `sums long products`(name: String, inputs: Int, outputs: Int) throws {
    let errors = try errors(name) { dict in
      let own = try renamed(dict, ["l.weight": name + ".in.weight", "l.bias": name + ".in.bias"])
      return try Linear("l", in: own, inputs: inputs, outputs: outputs)
    }
    for error in errors { #expect(error < 2e-6) }
  }

  @Test func `folds batch norms with hardly any variance`() throws {
    let errors = try errors("batchnorm") { dict in
      let identity = (0..<21).map { Float($0) }.flatMap { row in
        (0..<21).map { Float($0) == row ? Float(1) : 0 }
      }
      var own = try renamed(
        dict,
        [
          "b.weight": "batchnorm.in.weight", "b.bias": "batchnorm.in.bias",
          "b.running_mean": "batchnorm.in.mean", "b.running_var": "batchnorm.in.variance",
        ])
      try own.append("w.weight", try Tensor(floats: identity, shape: [21, 21, 1, 1]))
      return try Convolution(
        ConvolutionLayer("w", shape: [21, 21, 1, 1], hasBias: false, batchNorm: "b", activation: .silu),
        in: own)
    }
    for error in errors { #expect(error < 5e-7) }
  }

  @Test func `moves and averages pixels`() throws {
    #expect(try errors("upsample") { _ in Upsample(factor: 2) }.allSatisfy { $0 == 0 })
    for error in try errors("mean", { _ in Mean() }) { #expect(error < 1e-7) }
  }
}
