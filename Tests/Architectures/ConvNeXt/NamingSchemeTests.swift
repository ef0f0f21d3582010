import Testing

@testable import SutureArchitectures

@Suite struct `A naming scheme` {
  @Test func `reads indices as PyTorch spells them`() {
    let scheme = NamingScheme.torchvision
    #expect(scheme.key("features.03.1.layer_scale") == nil)
    #expect(scheme.key("features.2.1.layer_scale") == nil)
    #expect(scheme.key("features.99999999999999999999.1.layer_scale") == nil)
    #expect(scheme.key("features.-1.1.layer_scale") == nil)
    #expect(scheme.key("features.1.0.layer_scale") != nil)
    #expect(scheme.key("") == nil)
  }

  @Test(arguments: NamingScheme.allCases)
  func `leads from a key to a name and back`(scheme: NamingScheme) {
    for part in ConvNeXtKey.Part.allCases {
      for leaf in part == .layerScale ? [nil] : [ConvNeXtKey.Leaf.weight, .bias] {
        let isOfStage = part.isOfBlock || [.downNorm, .downConvolution, .outputNorm].contains(part)
        let key = ConvNeXtKey(
          part: part, stage: isOfStage ? scheme.stageCount - 1 : 0, block: part.isOfBlock ? 12 : 0, leaf: leaf
        )
        if let name = scheme.name(key) { #expect(scheme.key(name) == key, "\(name)") }
      }
    }
  }

  @Test func `is found by the word that recipes use`() {
    for scheme in NamingScheme.allCases { #expect(NamingScheme(rawValue: scheme.rawValue) == scheme) }
    #expect(NamingScheme(rawValue: "OpenMMLab") == nil)
  }

  @Test func `tells where the classifier and the last norm lie`() {
    #expect(NamingScheme.transformers.module(.classifier, under: "a.convnext.") == "a.classifier")
    #expect(NamingScheme.transformers.module(.finalNorm, under: "a.convnext.") == "a.convnext.layernorm")
    #expect(NamingScheme.openmmlab.module(.finalNorm, under: "backbone.") == "backbone.norm3")
    #expect(NamingScheme.facebookresearch.module(.classifier, under: "m.") == "m.head")
    #expect(NamingScheme.torchvision.block(2, 5, under: "") == "features.5.5")
  }
}
