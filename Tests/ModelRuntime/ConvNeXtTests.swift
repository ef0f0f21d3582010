import SutureArchitectures
import SutureTensors
import TestSupport
import Testing

@testable import SutureModelRuntime

@Suite struct `The ConvNeXt` {
  @Test func `tells its size from names and shapes`() throws {
    var generator = Seeded(1)
    let dict = try Weights.random(depths: [2, 2, 6, 2], dims: [40, 80, 160, 320], classes: 7, &generator)
    let configuration = try ConvNeXtConfiguration(inferredFrom: dict)
    #expect(configuration.variantName == "ConvNeXt-Atto")
    #expect(configuration.classes == 7)
  }

  @Test func `runs each stage from its own replica`() throws {
    var generator = Seeded(2)
    let dict = try Weights.random(depths: [1, 1, 1, 1], dims: [4, 6, 8, 10], classes: nil, &generator)
    let replicas = try StateDict(
      (0..<4).flatMap { index in
        dict.entries.map { StateDict.Entry(name: "model.\(index).\($0.name)", tensor: $0.tensor) }
      })
    #expect(ConvNeXtConfiguration.prefixes(in: replicas) == ["model.0.", "model.1.", "model.2.", "model.3."])
    let stages = try (0..<4).map { try ConvNeXtBlock(index: $0, replicas, prefix: "model.\($0).") }
    let image = try FeatureMap.testImage(size: 64)
    let (chain, whole) = (
      try stages.reduce(into: [FeatureMap]()) { $0.append(try $1($0.last ?? image)) },
      try ConvNeXt(dict).features(image)
    )
    for (one, other) in zip(chain, whole) { #expect(one.values == other.values) }
  }

  @Test func `without layer scale adds the block as it is`() throws {
    var generator = Seeded(3)
    let dict = try Weights.random(depths: [1, 1, 1, 1], dims: [4, 4, 4, 4], classes: nil, &generator)
    let ones = try Tensor(floats: [1, 1, 1, 1], shape: [4])
    let with = try StateDict(
      dict.entries.map { .init(name: $0.name, tensor: $0.name.hasSuffix("gamma") ? ones : $0.tensor) })
    let without = try StateDict(dict.entries.filter { !$0.name.hasSuffix("gamma") })
    let image = try FeatureMap.testImage(size: 32)
    let (a, b) = (try ConvNeXt(with).features(image)[3], try ConvNeXt(without).features(image)[3])
    #expect(a.values == b.values)
  }

  @Test func `names the tensor that is missing or has the wrong shape`() throws {
    var generator = Seeded(4)
    let dict = try Weights.random(depths: [1, 2, 1, 1], dims: [4, 4, 4, 4], classes: 3, &generator)
    for name in dict.names where !name.hasSuffix("gamma") && !name.contains("stages.1.1.dwconv.weight") {
      let cut = try StateDict(dict.entries.filter { $0.name != name })
      if name.hasPrefix("head.weight") || name == "norm.weight" { continue }
      #expect(throws: ModelError.self, "\(name)") { try ConvNeXt(cut) }
      let wrong = try Tensor(floats: [1, 2], shape: [2])
      let bent = try StateDict(
        dict.entries.map { .init(name: $0.name, tensor: $0.name == name ? wrong : $0.tensor) })
      #expect(throws: ModelError.self, "\(name)") { try ConvNeXt(bent) }
    }
  }

  @Test(arguments: [
    "stages.0.blocks.0.conv_dw.weight", "features.1.0.block.0.weight", "stages.0.0.grn.gamma",
    "blocks.0.dwconv.weight", "fc.weight",
  ])
  func `refuses other networks by name`(key: String) throws {
    let dict = try StateDict([.init(name: key, tensor: try Tensor(floats: [1], shape: [1]))])
    let error = #expect(throws: ModelError.self) { try ConvNeXt(dict) }
    guard case .notSupported? = error else { return #expect(Bool(false), "\(String(describing: error))") }
  }

  @Test func `refuses a width that only a stride of 0 could give`() throws {
    var generator = Seeded(6)
    let dict = try Weights.random(depths: [1, 1, 1, 1], dims: [4, 4, 4, 4], classes: nil, &generator)
    let wide = try Tensor(
      Storage([0, 0, 0, 0]), dtype: .float32, shape: [1 << 60, 1, 1, 1], strides: [0, 0, 0, 0], offset: 0)
    let bent = try StateDict(
      dict.entries.map {
        .init(name: $0.name, tensor: $0.name == "downsample_layers.0.0.weight" ? wide : $0.tensor)
      })
    #expect(throws: ModelError.self) { try ConvNeXt(bent) }
  }

  @Test func `refuses an image too small or of the wrong channels`() throws {
    var generator = Seeded(5)
    let network = try ConvNeXt(
      try Weights.random(depths: [1, 1, 1, 1], dims: [4, 4, 4, 4], classes: nil, &generator))
    #expect(throws: ModelError.self) { try network.features(try FeatureMap.testImage(size: 16)) }
    #expect(throws: ModelError.self) {
      try network.features(try FeatureMap(batch: 1, height: 32, width: 32, channels: 4))
    }
    #expect(throws: ModelError.self) {
      try FeatureMap(batch: 1, height: 1 << 20, width: 1 << 20, channels: 3)
    }
  }
}

@Suite struct `A difference` {
  @Test func `is never small where a NaN is`() {
    #expect(!(Difference([.nan, 1], from: [1, 1]).relative <= 1))
    #expect(!(Difference([1, 1], from: [.nan, 1]).relative <= 1))
    #expect(Difference([1, 2.5], from: [1, 2]).relative == 0.25)
    #expect(Difference([.infinity], from: [.infinity]).relative == 0)
  }
}
