import SutureArchitectures
import SutureTensors
import TestSupport
import Testing

@testable import SutureSurgery

@Suite struct `Presets` {
  private func plan(_ preset: String, _ dict: StateDict) throws -> Plan {
    let recipe = try #require(Preset.all.first { $0.name == preset }).recipe()
    return try Plan(of: dict, steps: recipe.steps, expecting: recipe.expectation)
  }

  private func convNeXt(prefix: String = "") throws -> StateDict {
    var names: [(String, [Int])] = []
    for stage in 0..<4 {
      let kernel = stage == 0 ? [2, 3, 4, 4] : [2, 2, 2, 2]
      for part in ["0", "1"] {
        names.append(
          ("downsample_layers.\(stage).\(part).weight", (part == "0") == (stage == 0) ? kernel : [2]))
        names.append(("downsample_layers.\(stage).\(part).bias", [2]))
      }
      names += [("stages.\(stage).0.gamma", [2]), ("stages.\(stage).0.dwconv.weight", [2, 1, 7, 7])]
      names.append(("stages.\(stage).0.norm.weight", [2]))
    }
    names += [("norm.weight", [2]), ("norm.bias", [2]), ("head.weight", [5, 2]), ("head.bias", [5])]
    var random = Seeded(3)
    return try StateDict(names.map { .init(name: prefix + $0.0, tensor: try random.tensor($0.1)) })
  }

  @Test func `and the steps of the one that are live are what the other writes`() throws {
    let input = try convNeXt()
    let all = try Surgery {
      Drop("norm*", "head*")
      Replicate("model.{0..3}.")
      LiveOnly()
    }.plan(for: input)
    let live = try plan("convnext-yolov5-live", input)
    #expect(all.output.names.sorted() == live.output.names.sorted())
    #expect(throws: SurgeryError.self) { try Surgery { LiveOnly() }.plan(for: input) }
    let recipe = try Recipe(Array("recipe: 1\nsteps: [{naming: timm}, {live-only: }]\n".utf8), name: "x.yaml")
    #expect(recipe.steps.map(\.summary) == ["naming timm", "keep what a forward pass reads"])
  }

  @Test func `are all readable and say what they are for`() throws {
    #expect(
      Preset.all.map(\.name) == [
        "convnext-yolov5", "convnext-yolov5-live", "convnext-ultralytics", "normalise-in-stem",
        "strip-training",
      ])
    for preset in Preset.all {
      let recipe = try preset.recipe()
      #expect(recipe.description?.isEmpty == false)
      #expect(try Recipe(Array(recipe.json().utf8), name: "x.json").steps.count == recipe.steps.count)
    }
  }

  @Test func `and other surgeries are steps of a surgery`() throws {
    let preset = try #require(Preset.all.first).recipe()
    let surgery = Surgery {
      if preset.steps.isEmpty { Drop("*") } else { AddPrefix("module.") }
      preset
      for layer in 1..<4 { Drop("model.\(layer).*") }
      Surgery { StripPrefix("model.0.") }
    }
    let input = try convNeXt()
    #expect(try surgery.plan(for: input).output.names == input.names.dropLast(4))
    #expect(try Surgery(preset).plan(for: input, expecting: preset.expectation).output.count == 4 * 28)
  }

  @Test(arguments: ["", "module.", "_orig_mod.", "module._orig_mod.backbone."])
  func `convnext-yolov5 does the mission, whatever wraps the names`(prefix: String) throws {
    let plan = try plan("convnext-yolov5", try convNeXt(prefix: prefix))
    #expect(plan.output.count == 4 * 28 && plan.output.storages.count == 28)
    #expect(plan.accounting.dropped.count == 4)
    let live = try self.plan("convnext-yolov5-live", try convNeXt(prefix: prefix))
    #expect(live.output.count == 28)
    #expect(live.output.names.allSatisfy { name in plan.output[name] != nil })
    #expect(live.output.names.contains("model.2.stages.2.0.norm.weight"))
  }

  @Test(arguments: NamingScheme.targets.filter { $0.stageCount == 4 })
  func `convnext-yolov5 takes a ConvNeXt under any library's names`(scheme: NamingScheme) throws {
    let hasClassifier = scheme.has(.classifier) && scheme.required == nil
    func network(_ scheme: NamingScheme) throws -> StateDict {
      try Network(scheme: scheme, prefix: "module.", hasClassifier: hasClassifier).dict
    }
    for preset in ["convnext-yolov5", "convnext-yolov5-live"] {
      let own = try plan(preset, try network(scheme)).output
      #expect(own.names == (try plan(preset, try network(.facebookresearch))).output.names)
      #expect(own["model.3.stages.3.0.pwconv1.weight"]?.shape == [20, 5])
    }
  }

  @Test func `convnext-yolov5 takes the trunk of an image tower, and nothing of its text tower`() throws {
    var tower = try Network(scheme: .timm, prefix: "visual.trunk.", hasClassifier: false).dict
    let one = try Tensor(floats: [1], shape: [1])
    for name in ["visual.head.proj.weight", "text.transformer.norm.weight", "logit_scale"] {
      try tower.append(name, one)
    }
    let trunk = try Network(scheme: .timm, hasClassifier: false).dict
    #expect(try plan("convnext-yolov5", tower).output.names == plan("convnext-yolov5", trunk).output.names)
    let ultralytics = try plan("convnext-ultralytics", tower).output
    #expect(ultralytics.names.allSatisfy { $0.hasPrefix("model.0.m.") })
  }

  /// Without the classifier beside it, what stands before the names could be anybody's.
  @Test(arguments: ["convnext.", "convnextv2.", "module.convnext."])
  func `convnext-yolov5 takes a network of transformers whose classifier is cut off`(prefix: String) throws {
    let cut = try Network(scheme: .transformers, prefix: prefix, hasClassifier: false).dict
    let whole = try Network(scheme: .facebookresearch, hasClassifier: false).dict
    for preset in ["convnext-yolov5", "convnext-yolov5-live", "convnext-ultralytics"] {
      #expect(try plan(preset, cut).output.names == plan(preset, whole).output.names)
    }
  }

  @Test func `convnext-yolov5 refuses what is no ConvNeXt`() throws {
    let one = try Tensor(floats: [1], shape: [1])
    let others = [["layer1.weight"], ["norm.weight", "head.weight", "stem.weight", "blocks.0.gamma"]]
    for names in others {
      let dict = try StateDict(names.map { .init(name: $0, tensor: one) })
      #expect(throws: SurgeryError.self) { try plan("convnext-yolov5", dict) }
    }
  }

  @Test func `normalise-in-stem works before the mission and after it`() throws {
    let folded = try plan("normalise-in-stem", try convNeXt())
    let weight = "downsample_layers.0.0.weight"
    let before = try Plain(try #require(folded.input[weight]))
    let after = try Plain(try #require(folded.output[weight]))
    #expect(after == Plain(before.shape) { before[$0] / [0.229, 0.224, 0.225][$0[1]] }.rounded(to: .float32))
    let replicas = try plan("normalise-in-stem", try plan("convnext-yolov5", try convNeXt()).output).output
    #expect(replicas.storages.count == 28)
    #expect(try Plain(try #require(replicas["model.3." + weight])) == after)
  }

  @Test(arguments: ["convnext-yolov5", "convnext-yolov5-live"])
  func `takes a ConvNeXt without a head`(preset: String) throws {
    let whole = try convNeXt()
    let headless = try StateDict(whole.entries.filter { !$0.name.hasPrefix("head") })
    let plan = try plan(preset, headless)
    #expect(plan.output.names == (try self.plan(preset, whole)).output.names)
    #expect(plan.accounting.dropped == ["norm.weight", "norm.bias"])
  }

  @Test func `strip-training leaves bare weights as they are`() throws {
    let plan = try plan("strip-training", try convNeXt())
    #expect(plan.accounting.kept.count == plan.input.count)
  }
}
