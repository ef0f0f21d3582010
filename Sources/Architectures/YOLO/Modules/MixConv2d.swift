/// Kernels of several sizes, each for some channels: `MixConv2d(c1, c2, k=(1, 3), s=1, equal_ch=True)`.
struct MixConv2dModule: UnitModule {
  static let name = "MixConv2d"
  static let classNames: [ModelDialect: String] = [.yolov5: "models.experimental.MixConv2d"]
  static let summary = "kernels of several sizes, each for some of the channels, a batch norm, SiLU"
  static let example = "[-1, 1, MixConv2d, [128, [3, 5], 2]]"
  static let arguments: [ModuleArgument] = [
    .channels, .init("kernels", .list(1...8, of: 1...63), default: .list([.int(1), .int(3)])), .stride,
    .init("equal_ch", .bool, default: .bool(true)),
  ]

  let shownArguments: [ModelValue]
  let unit: Unit

  struct Unit: ModuleUnit {
    let inputs: Int
    let outputs: Int
    let stride: Int
    /// Each with the channels that it gives.
    let parts: [(kernel: Int, outputs: Int)]

    private func layer(_ name: String, _ part: (kernel: Int, outputs: Int)) -> ConvolutionLayer {
      let groups = greatestCommonDivisor(inputs, part.outputs)
      return ConvolutionLayer(
        name, shape: [part.outputs, inputs / groups, part.kernel, part.kernel], hasBias: false,
        stride: Sides(stride), padding: Sides(part.kernel / 2), groups: groups)
    }

    var tensors: [ModuleTensor] {
      parts.enumerated().map { place, part in
        let shape = layer("", part).shape
        return ModuleTensor("m.\(place).weight", shape, .uniform(fanIn: shape[1] * shape[2] * shape[3]))
      } + ModuleTensor.batchNorm(outputs).within("bn")
    }

    func side(for input: Int) throws(ModuleMisfit) -> Int {
      var sides: [Int] = []
      for (kernel, _) in parts {
        sides.append(
          try ConvolutionLayer.outputSize(
            input, input, kernel: Sides(kernel), stride: Sides(stride), padding: Sides(kernel / 2)
          ).height)
      }
      guard sides.allSatisfy({ $0 == sides[0] }) else {
        throw ModuleMisfit("its kernels give maps of different sizes, \(sides) pixels on a side")
      }
      return sides[0]
    }

    func build(into network: inout some NetworkBuilding, as name: String, of x: Int) throws -> Int {
      let values = try parts.enumerated().map { place, part in
        try network.convolution("\(name).m.\(place)", layer("\(name).m.\(place)", part), of: x)
      }
      return try network.channelwise(
        name + ".bn", norm: name + ".bn", try network.moduleActivation(name + ".act", usually: .silu),
        channels: outputs, of: try network.concat(name + ".cat", values))
    }
  }

  init(_ row: ModuleRow) throws {
    let (input, output, kernels) = (try row.onlyInput(), try row.width(), row["kernels"].ints ?? [])
    let counts =
      row["equal_ch"].bool ?? true
      ? Self.equalChannels(output, kernels.count) : Self.equalWeights(output, kernels)
    guard counts.allSatisfy({ $0 > 0 }), counts.reduce(0, +) == output else {
      throw row.error("kernels \(kernels) would give \(counts) of its \(output) channels")
    }
    unit = Unit(
      inputs: input, outputs: output, stride: row.int("stride"), parts: Array(zip(kernels, counts)))
    shownArguments = row.shown(input, output)
  }

  /// How often each number comes up in `torch.linspace(0, n - 1e-6, channels).floor()`.
  private static func equalChannels(_ channels: Int, _ parts: Int) -> [Int] {
    var counts = [Int](repeating: 0, count: parts)
    for index in 0..<channels {
      let place = (Double(parts) - 1e-6) * Double(index) / Double(max(channels - 1, 1))
      counts[Int(place)] += 1
    }
    return counts
  }

  /// As many channels for each as give every kernel the same number of weights, rounded as NumPy does.
  private static func equalWeights(_ channels: Int, _ kernels: [Int]) -> [Int] {
    let parts = kernels.map { 1 / Double($0 * $0) }
    let total = parts.reduce(0, +)
    return parts.map { Int((Double(channels) * $0 / total).rounded(.toNearestOrEven)) }
  }
}
