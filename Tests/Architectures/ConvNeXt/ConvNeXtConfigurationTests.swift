import SutureTensors
import Testing

@testable import SutureArchitectures

@Suite struct `A ConvNeXt's configuration` {
  /// The tensors of a backbone without elements, as a library names and shapes them.
  private func dict(_ configuration: ConvNeXtConfiguration, _ scheme: NamingScheme, under prefix: String = "")
    throws -> StateDict
  {
    try StateDict(
      configuration.backboneKeys.map { key in
        let shape = configuration.shape(of: key)
        return .init(
          name: prefix + (try #require(scheme.name(key))),
          tensor: try Tensor(
            dtype: .float32, shape: scheme.form(of: key)?.laid((shape, shape))?.sizes ?? shape, layout: .meta)
        )
      })
  }

  private let tiny = ConvNeXtConfiguration(
    depths: [3, 3, 9, 3], dims: [96, 192, 384, 768], inputChannels: 3)

  private static let withStages = NamingScheme.targets.filter { $0.stageCount == 4 && $0.required == nil }

  @Test(arguments: withStages)
  func `is told by the names and shapes of every library`(scheme: NamingScheme) throws {
    for prefix in ["", "a.b."] {
      let dict = try dict(tiny, scheme, under: prefix)
      let found = try ConvNeXtConfiguration(inferredFrom: dict, prefix: prefix)
      #expect((found.depths, found.dims, found.inputChannels) == (tiny.depths, tiny.dims, 3))
      #expect(found.scheme == scheme && found.classes == nil && found.variantName == "ConvNeXt-T")
      #expect(ConvNeXtConfiguration.prefixes(in: dict) == [prefix])
    }
  }

  @Test(arguments: withStages.filter { $0.has(.responseNorm) })
  func `of version 2 is told by every library's GRN`(scheme: NamingScheme) throws {
    var huge = ConvNeXtConfiguration(depths: [3, 3, 27, 3], dims: [352, 704, 1408, 2816], inputChannels: 3)
    huge.hasResponseNorm = true
    let found = try ConvNeXtConfiguration(inferredFrom: dict(huge, scheme))
    #expect(found.hasResponseNorm && found.variantName == "ConvNeXt V2-H")
    let plain = try ConvNeXtConfiguration(inferredFrom: dict(tiny, scheme))
    #expect(!plain.hasResponseNorm)
  }

  @Test func `tells a stem of two convolutions, and norms without bias`() throws {
    var zepto = ConvNeXtConfiguration(depths: [2, 2, 4, 2], dims: [32, 64, 128, 256], inputChannels: 3)
    zepto.stem = .overlapping(channels: 16, isActivated: false)
    var entries = try dict(zepto, .timmConvolutional).entries.filter {
      !($0.name.contains("norm") || $0.name == "stem.1.bias") || !$0.name.hasSuffix(".bias")
    }
    entries.append(
      .init(name: "stem.2.weight", tensor: try Tensor(dtype: .float32, shape: [32], layout: .meta)))
    let found = try ConvNeXtConfiguration(inferredFrom: StateDict(entries))
    #expect(found.stem == zepto.stem && found.norm == .withoutBias(isSimple: true))
    #expect(found.variantName == "ConvNeXt-Zepto (overlapping stem, norms without bias)")
  }

  @Test func `counts the parameters that facebookresearch's backbone has`() {
    #expect(tiny.backboneKeys.reduce(0) { $0 + tiny.shape(of: $1).reduce(1, *) } == 27_818_592)
  }

  @Test func `names the gap where a block is missing in the middle`() throws {
    let whole = try dict(tiny, .timm)
    let gap = try StateDict(whole.entries.filter { !$0.name.contains("stages.2.blocks.4.") })
    let error = #expect(throws: ModelError.self) { try ConvNeXtConfiguration(inferredFrom: gap) }
    #expect(
      error?.reason
        == "stages.2.blocks.4.conv_dw.weight is missing, though stages.2.blocks.5.gamma is there")
  }

  @Test func `knows the prefix of every replica in the order of the file`() throws {
    let entries = try [3, 0, 11].flatMap { try dict(tiny, .facebookresearch, under: "model.\($0).").entries }
    #expect(
      ConvNeXtConfiguration.prefixes(in: try StateDict(entries)) == ["model.3.", "model.0.", "model.11."])
  }
}
