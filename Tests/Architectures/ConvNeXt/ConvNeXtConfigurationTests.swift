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
        let axes = [Int](repeating: 1, count: max((scheme.rank(of: key) ?? 0) - shape.count, 0))
        return .init(
          name: prefix + (try #require(scheme.name(key))),
          tensor: try Tensor(dtype: .float32, shape: shape + axes, layout: .meta))
      })
  }

  private let tiny = ConvNeXtConfiguration(
    depths: [3, 3, 9, 3], dims: [96, 192, 384, 768], inputChannels: 3)

  @Test(arguments: NamingScheme.allCases)
  func `is told by the names and shapes of every library`(scheme: NamingScheme) throws {
    for prefix in ["", "a.b."] {
      let dict = try dict(tiny, scheme, under: prefix)
      let found = try ConvNeXtConfiguration(inferredFrom: dict, prefix: prefix)
      #expect((found.depths, found.dims, found.inputChannels) == (tiny.depths, tiny.dims, 3))
      #expect(found.scheme == scheme && found.classes == nil && found.variantName == "ConvNeXt-T")
      #expect(ConvNeXtConfiguration.prefixes(in: dict) == [prefix])
    }
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
