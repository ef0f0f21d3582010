import SutureText
import SutureArchitectures
import SutureTensors
import Testing

@testable import SutureSurgery

@Suite struct `Naming schemes` {
  private static func pairs(_ schemes: [NamingScheme]) -> [(NamingScheme, NamingScheme)] {
    schemes.flatMap { from in schemes.map { (from, $0) } }
  }

  /// Whose classifiers have four stages.
  private static let classifiers = NamingScheme.targets.filter {
    $0.has(.classifier) && $0.stageCount == 4 && $0.required == nil
  }

  private static let ofVersion2 = classifiers.filter { $0.has(.responseNorm) }

  private func convert(_ dict: StateDict, to scheme: NamingScheme) throws -> StateDict {
    try Plan(of: dict, steps: [AdoptNaming(scheme)]).output
  }

  private func failure(_ dict: StateDict, to scheme: NamingScheme = .timm) throws -> SurgeryError? {
    do {
      _ = try convert(dict, to: scheme)
      return nil
    } catch let error as SurgeryError { return error }
  }

  private func dict(_ names: [String], shape: [Int] = [1]) throws -> StateDict {
    try StateDict(
      names.map {
        .init(name: $0, tensor: try Tensor(Storage([1], label: $0), dtype: .uint8, shape: shape))
      })
  }

  @Test(arguments: pairs(classifiers))
  func `there and back is the identity`(from: NamingScheme, to: NamingScheme) throws {
    for _ in 0..<2 {
      let network = Network(
        scheme: from, prefix: ["", "module.", "_orig_mod.", "model.3.", "backbone."].randomElement() ?? "",
        depths: (0..<4).map { _ in Int.random(in: 1...6) }, hasClassifier: .random(), hasFinalNorm: .random()
      )
      let input = try network.dict
      let there = try convert(input, to: to)
      #expect(try NamingScan(there).scheme == to)
      #expect(try contents(convert(there, to: from)) == contents(input))
    }
  }

  @Test(arguments: pairs(ofVersion2))
  func `of version 2 lead there and back, and are told apart`(from: NamingScheme, to: NamingScheme) throws {
    for hasClassifier in [true, false] {
      let network = { (scheme: NamingScheme) in
        Network(scheme: scheme, prefix: "a.", hasClassifier: hasClassifier, isVersion2: true)
      }
      let input = try network(from).dict
      let there = try convert(input, to: to)
      #expect(try contents(there) == contents(network(to).dict))
      #expect(try contents(convert(there, to: from)) == contents(input))
    }
  }

  @Test(arguments: pairs(NamingScheme.targets.filter { $0.stageCount == 4 && $0.has(.finalNorm) }))
  func `of a network without a classifier, as DINOv3's, lead there and back`(
    from: NamingScheme, to: NamingScheme
  ) throws {
    let input = try Network(scheme: from, prefix: "a.", hasClassifier: false).dict
    let there = try convert(input, to: to)
    #expect(try contents(there) == contents(Network(scheme: to, prefix: "a.", hasClassifier: false).dict))
    #expect(try contents(convert(there, to: from)) == contents(input))
  }

  @Test func `of DINOv3 repeat the final norm, which must be it`() throws {
    var entries = try Network(scheme: .dinov3, hasClassifier: false).dict.entries
    let there = try convert(StateDict(entries), to: .facebookresearch)
    #expect(!there.names.contains { $0.hasPrefix("norms.") } && there["norm.weight"] != nil)
    let back = try convert(there, to: .dinov3)
    #expect(back["norms.3.bias"]?.storage === back["norm.bias"]?.storage)
    let norm = try #require(entries.firstIndex { $0.name == "norms.3.bias" })
    entries[norm] = .init(
      name: "norms.3.bias", tensor: try Tensor(Storage([9, 9, 9, 9, 9]), dtype: .uint8, shape: [5]))
    let error = try #require(try failure(StateDict(entries), to: .timm))
    #expect(error.reason.contains("norms.3.bias is not the final norm once more"))
    let without = try Network(scheme: .timm, hasClassifier: false, hasFinalNorm: false).dict
    #expect(try failure(without, to: .dinov3)?.reason.contains("needs the final norm") == true)
  }

  @Test func `of DINOv3 in transformers are read without model. too`() throws {
    let input = try Network(scheme: .transformersDINOv3, hasClassifier: false).dict
    #expect(input.names.contains("model.stages.0.layers.0.gamma") && input.names.contains("layer_norm.bias"))
    let flat = try StateDict(
      input.entries.map {
        .init(name: $0.name.hasPrefix("model.") ? String($0.name.dropFirst(6)) : $0.name, tensor: $0.tensor)
      })
    #expect(
      try contents(convert(flat, to: .facebookresearch)) == contents(convert(input, to: .facebookresearch)))
    #expect(try contents(convert(flat, to: .transformersDINOv3)) == contents(input))
  }

  @Test func `of version 2 are refused where a library has none`() throws {
    let input = try Network(scheme: .facebookresearch, isVersion2: true).dict
    for scheme in [NamingScheme.torchvision, .transformersDINOv3] {
      let error = try #require(try failure(input, to: scheme))
      #expect(error.reason.contains("\(scheme) has no name for the GRN of version 2 of stage 0"), "\(error)")
    }
  }

  @Test func `of stems of two convolutions, and of what timm has before its classifier, are adopted`() throws
  {
    var input = try Network(scheme: .timmConvolutional).dict
    for name in ["stem.2", "norm_pre", "head.pre_logits.fc"] {
      for leaf in ["weight", "bias"] {
        try input.append("\(name).\(leaf)", Tensor(Storage([1]), dtype: .uint8, shape: [1]))
      }
    }
    let there = try Plan(of: input, steps: [AdoptNaming(.facebookresearch)])
    #expect(there.output["downsample_layers.0.2.weight"] != nil && there.output["norm_pre.bias"] != nil)
    #expect(
      there.reports[0].notes.contains(
        "facebookresearch itself builds no network with a stem of two convolutions"))
    #expect(try contents(convert(there.output, to: .timmConvolutional)) == contents(input))
    #expect(
      try failure(input, to: .transformers)?.reason.contains("no name for a stem of two convolutions") == true
    )
  }

  @Test func `of a sparse network's kernels make a dense one of the same bytes`() throws {
    let kernel = try Tensor(Storage((0..<49 * 2).map { UInt8($0) }), dtype: .uint8, shape: [49, 2])
    let bias = try Tensor(Storage([5, 6]), dtype: .uint8, shape: [1, 2])
    var input = try dict(["downsample_layers.0.0.weight", "stages.0.0.norm.ln.weight"])
    try input.append("stages.0.0.dwconv.kernel", kernel)
    try input.append("stages.0.0.dwconv.bias", bias)
    #expect(try NamingScan(input).scheme == .fcmae)
    let output = try convert(input, to: .facebookresearch)
    #expect(output["stages.0.0.norm.weight"] != nil && output["stages.0.0.dwconv.bias"]?.shape == [2])
    let weight = try #require(output["stages.0.0.dwconv.weight"])
    #expect(weight.shape == [2, 1, 7, 7] && weight.storage === kernel.storage)
    let bytes = try weight.contiguousBytes()
    for (channel, y, x) in [(0, 0, 1), (1, 3, 2), (1, 6, 6)] {
      #expect(bytes[channel * 49 + y * 7 + x] == UInt8((x * 7 + y) * 2 + channel))
    }
    let error = try #require(try failure(output, to: .fcmae))
    #expect(error.reason.contains("cannot be stored so without a copy"))
  }

  @Test func `of a network without stages are told, and refused elsewhere`() throws {
    let names = ["stem.weight", "stem.bias", "blocks.0.dwconv.weight", "blocks.0.dwconv.bias"]
    let input = try dict(names)
    #expect(try NamingScan(input).scheme == .isotropic)
    #expect(try convert(input, to: .isotropic).names == names)
    let error = try #require(try failure(input))
    #expect(error.reason.contains("not in the same stages: isotropic has none, timm has 4"))
  }

  @Test(arguments: pairs(classifiers))
  func `give what the other library would have`(from: NamingScheme, to: NamingScheme) throws {
    let converted = try convert(Network(scheme: from, prefix: "module.").dict, to: to)
    let expected = try Network(scheme: to, prefix: "module.").dict
    #expect(try contents(converted) == contents(expected))
  }

  @Test func `are told apart by names and shapes`() throws {
    for scheme in Self.classifiers {
      for hasClassifier in [true, false] {
        let scan = try NamingScan(
          Network(scheme: scheme, prefix: "a.b.", hasClassifier: hasClassifier).dict)
        #expect(scan.scheme == scheme)
        #expect(scan.prefixes == ["a.b."])
        #expect(scan.outside.isEmpty)
      }
    }
  }

  @Test func `are those of the libraries`() throws {
    let names = { (scheme: NamingScheme) in
      try convert(Network(scheme: .facebookresearch).dict, to: scheme).names
    }
    let facebook = try names(.facebookresearch)
    for (index, row) in [
      (
        "downsample_layers.0.1.bias", "stem.1.bias", "features.0.1.bias", "convnext.embeddings.layernorm.bias"
      ),
      (
        "downsample_layers.2.0.bias", "stages.2.downsample.0.bias", "features.4.0.bias",
        "convnext.encoder.stages.2.downsampling_layer.0.bias"
      ),
      (
        "stages.2.1.gamma", "stages.2.blocks.1.gamma", "features.5.1.layer_scale",
        "convnext.encoder.stages.2.layers.1.layer_scale_parameter"
      ),
      (
        "stages.2.1.pwconv2.weight", "stages.2.blocks.1.mlp.fc2.weight", "features.5.1.block.5.weight",
        "convnext.encoder.stages.2.layers.1.pwconv2.weight"
      ),
      (
        "stages.2.1.norm.weight", "stages.2.blocks.1.norm.weight", "features.5.1.block.2.weight",
        "convnext.encoder.stages.2.layers.1.layernorm.weight"
      ),
      ("norm.bias", "head.norm.bias", "classifier.0.bias", "convnext.layernorm.bias"),
      ("head.weight", "head.fc.weight", "classifier.2.weight", "classifier.weight"),
    ].enumerated() {
      let place = try #require(facebook.firstIndex(of: row.0), "row \(index)")
      #expect(try names(.timm)[place] == row.1)
      #expect(try names(.torchvision)[place] == row.2)
      #expect(try names(.transformers)[place] == row.3)
    }
    let openmmlab = try names(.openmmlab)
    #expect(openmmlab.contains("backbone.norm3.weight") && openmmlab.contains("head.fc.bias"))
    #expect(openmmlab.contains("backbone.stages.0.0.pointwise_conv1.weight"))
  }

  @Test func `reshape without a copy`() throws {
    let input = try Network(scheme: .timmConvolutional).dict
    let output = try convert(input, to: .torchvision)
    for (one, other) in zip(input.entries, output.entries) {
      #expect(one.tensor.storage === other.tensor.storage)
    }
    let gamma = try #require(output["features.1.0.layer_scale"])
    #expect(gamma.shape == [2, 1, 1] && gamma.strides == [1, 1, 1])
    #expect(try #require(output["features.1.0.block.3.weight"]).shape == [8, 2])
  }

  @Test func `convert every replica of a detector and leave its neck alone`() throws {
    let backbone = try Network(scheme: .timm, hasClassifier: false, hasFinalNorm: false).dict
    var detector = try Plan(of: backbone, steps: [Replicate("model.{0..3}.")]).output
    try detector.append("model.4.conv.weight", Tensor(Storage([1]), dtype: .uint8, shape: [1]))
    let plan = try Plan(of: detector, steps: [AdoptNaming(.facebookresearch)])
    #expect(plan.output["model.3.downsample_layers.0.0.weight"] != nil)
    #expect(plan.output.names.last == "model.4.conv.weight")
    #expect(plan.reports[0].summary == "naming timm to facebookresearch")
    #expect(
      plan.reports[0].notes == [
        "the prefix \"model.0.\" and 3 more stays",
        "1 key that belongs to no ConvNeXt stays as it is: model.4.conv.weight",
      ])
  }

  @Test func `keep a detector's norms where the other library has them`() throws {
    let input = try Network(
      scheme: .facebookresearch, prefix: "backbone.", hasClassifier: false, hasFinalNorm: false,
      hasOutputNorms: true
    ).dict
    let output = try convert(input, to: .transformers)
    #expect(output["backbone.hidden_states_norms.stage1.weight"] != nil)
    #expect(try contents(convert(output, to: .facebookresearch)) == contents(input))
    #expect(try convert(input, to: .openmmlab)["backbone.norm2.bias"] != nil)
    let error = try #require(try failure(input))
    #expect(error.reason.contains("timm has no name for the norm of the output of stage 0"))
  }

  @Test func `are refused where they are nobody's, with what was found`() throws {
    let error = try #require(try failure(dict(["conv1.weight", "fc.bias"])))
    #expect(error.cause == .noMatch)
    #expect(
      error.description == """
        step 1 (naming timm) cannot be done: the names are those of no ConvNeXt that is known
          none of them ends in downsample_layers.0.0.weight, stem.0.weight, features.0.0.weight, \
        embeddings.patch_embeddings.weight, stages.0.downsample_layers.0.weight or stem.weight
          found: conv1.weight and fc.bias
        """)
  }

  @Test func `are refused where some are strangers`() throws {
    var input = try Network(scheme: .timm).dict
    try input.append("stages.0.blocks.0.mlp.gate.weight", Tensor(Storage([1]), dtype: .uint8, shape: [1]))
    let error = try #require(try failure(input, to: .facebookresearch))
    #expect(error.reason.contains("nearest to those of timm, but not all are"))
    #expect(
      error.remedies[0].description.contains(
        "such as stages.0.blocks.0.mlp.gate.weight: there is no such name"))
    #expect(
      try failure(dict(["stem.conv.weight", "blocks.0.dwconv.weight"]))?.remedies.last?.description.contains(
        "isotropic") == true)
  }

  @Test func `that are there already may have others beside them, which stay`() throws {
    var input = try Network(scheme: .facebookresearch).dict
    for name in ["mask_token", "stages.0.0.gate.weight"] {
      try input.append(name, Tensor(Storage([1]), dtype: .uint8, shape: [1]))
    }
    #expect(try contents(convert(input, to: .facebookresearch)) == contents(input))
    // One of another shape is no stranger, but wrong.
    input = try StateDict(
      input.entries.map { entry in
        guard entry.name.hasSuffix(".gamma") else { return entry }
        return .init(
          name: entry.name,
          tensor: try Tensor(Storage([1, 2, 3, 4, 5]), dtype: .uint8, shape: [entry.tensor.shape[0], 1, 1]))
      })
    #expect(try failure(input, to: .facebookresearch) != nil)
  }

  @Test func `are refused where nothing tells them apart`() throws {
    let error = try #require(
      try failure(dict(["downsample_layers.0.0.weight", "downsample_layers.0.0.bias"])))
    #expect(error.reason.contains("no block, so nothing tells whose names these are"))
  }

  @Test func `are refused where a file has those of two libraries`() throws {
    var input = try Network(scheme: .timm, prefix: "student.").dict
    for entry in try Network(scheme: .torchvision, prefix: "teacher.").dict.entries {
      try input.append(entry.name, entry.tensor)
    }
    let error = try #require(try failure(input))
    #expect(error.reason.contains("the names of timm and of torchvision"))
    #expect(error.remedies.contains("torchvision under \"teacher.\""))
  }

  @Test func `of a part of a network are adopted, and what is missing is told`() throws {
    func notes(_ isCut: (String) -> Bool) throws -> (notes: [String], output: [String]) {
      var network = Network(scheme: .timm)
      network.depths = [2, 2, 3, 2]
      let dict = try StateDict(network.dict.entries.filter { !isCut($0.name) })
      let plan = try Plan(of: dict, steps: [AdoptNaming(.facebookresearch)])
      return (plan.reports[0].notes, plan.output.names)
    }
    #expect(try notes { _ in false }.notes.allSatisfy { !$0.contains("a part of a network") })
    let torn = try notes { $0.hasPrefix("stages.2.blocks.1.mlp.fc2") }
    #expect(
      torn.notes.contains(
        "a part of a network: 2 names have nothing in the file: stages.2.1.pwconv2.bias and stages.2.1.pwconv2.weight"
      ), "\(torn.notes)")
    #expect(torn.output.contains("stages.2.1.pwconv1.weight"))
    let gap = try notes { $0.hasPrefix("stages.2.blocks.1.") }
    #expect(
      gap.notes.contains { $0.contains("9 names have nothing in the file: stages.2.1.") }, "\(gap.notes)")
    let stage = try notes { $0.hasPrefix("stages.3.") || $0.hasPrefix("head.") }
    #expect(
      stage.notes.contains("a part of a network: of stage 3 there are no blocks"), "\(stage.notes)")
    #expect(stage.output.contains("stages.2.2.gamma"))
  }

  @Test(arguments: [NamingScheme.timm, .torchvision, .transformers, .openmmlab])
  func `of replicas of which only what is read was kept are adopted in each, with a stem or without`(
    scheme: NamingScheme
  ) throws {
    let network = try Network(scheme: .facebookresearch, hasClassifier: false, hasFinalNorm: false).dict
    let steps: [any Step] = [Replicate("model.{0..3}."), LiveOnly()]
    let live = try Plan(of: network, steps: steps).output
    let plan = try Plan(of: live, steps: [AdoptNaming(scheme)])
    let scan = try NamingScan(plan.output)
    #expect(scan.outside.isEmpty && scan.scheme == scheme && scan.prefixes.count == 4)
    #expect(
      plan.reports[0].notes.contains { $0.contains("under \"model.2.\": there is no stem; of stage 0, 1, 3") }
    )
    #expect(try contents(convert(plan.output, to: .facebookresearch)) == contents(live))
  }

  @Test func `are refused where the other library needs names that there are none of`() throws {
    // RMSNorm has no bias.
    let norms = try StateDict(
      Network(scheme: .timm).dict.entries.filter { !($0.name.hasSuffix(".bias") && $0.name.contains("norm")) }
    )
    let error = try #require(try failure(norms, to: .torchvision))
    #expect(error.kind == .refused && error.reason.contains("torchvision needs 8 names"))
    #expect(error.remedies[0].description.contains("features.1.0.block.2.bias"))
    let unscaled = try StateDict(Network(scheme: .timm).dict.entries.filter { !$0.name.hasSuffix(".gamma") })
    #expect(try failure(unscaled, to: .torchvision)?.reason.contains("needs 7 names") == true)
    #expect(try failure(unscaled, to: .facebookresearch) == nil)
    // To a library that has such models it is itself; surgery takes it too.
    #expect(try failure(norms, to: .timm) == nil)
    let all = try StateDict(
      norms.entries.filter { $0.name != "stem.1.bias" && !$0.name.hasSuffix("downsample.0.bias") })
    #expect(try failure(all, to: .facebookresearch) == nil)
  }

  @Test func `of another library are told where a pattern fits those`() throws {
    let error = #expect(throws: SurgeryError.self) {
      try Plan(of: Network(scheme: .timm).dict, steps: [Drop("norm*")])
    }
    #expect(
      error?.remedies.first?.description
        == "the names are those of timm: what facebookresearch calls so is head.norm.weight and head.norm.bias here"
    )
  }

  @Test func `are refused where a shape is another's`() throws {
    var entries = try Network(scheme: .facebookresearch).dict.entries
    let place = try #require(entries.firstIndex { $0.name == "stages.0.0.gamma" })
    entries[place] = .init(
      name: "stages.0.0.gamma", tensor: try Tensor(Storage([1, 1]), dtype: .uint8, shape: [2, 1, 1]))
    let error = try #require(try failure(StateDict(entries)))
    #expect(
      error.remedies[0].description.contains("stages.0.0.gamma: its shape is [2, 1, 1], 1 axes are right"))
  }

  @Test func `are refused where they would not lead back`() throws {
    var input = try Network(scheme: .facebookresearch, hasClassifier: false, hasFinalNorm: false).dict
    try input.append("norm3.weight", Tensor(Storage([1]), dtype: .uint8, shape: [1]))
    let error = try #require(try failure(input, to: .openmmlab))
    #expect(error.reason.contains("could not be told again"))
  }

  @Test func `that are there already are told`() throws {
    let plan = try Plan(of: Network(scheme: .timm).dict, steps: [AdoptNaming(.timm)])
    #expect(plan.reports[0].matched == 0)
    #expect(plan.reports[0].notes == ["the names are those of timm already"])
  }

  @Test func `of very many stems, or very deep ones, are refused in time`() throws {
    let many = try dict((0..<3000).map { "a.\($0).stem.0.weight" })
    #expect(try failure(many)?.reason.contains("3000 stems") == true)
    let deep = try dict([String(repeating: "a.", count: 100_000) + "stem.0.weight"])
    #expect(try failure(deep)?.reason.contains("those of no ConvNeXt") == true)
  }
}
