import SutureArchitectures
import SutureBytes
import SutureJSON
import SutureTensors
import TestSupport
import Testing

@testable import SutureSurgery

@Suite struct `A name trace` {
  /// A state dict whose storages are labelled with the names that they began with.
  private func dict(_ names: [String]) throws -> StateDict {
    try StateDict(
      names.map { .init(name: $0, tensor: try Tensor(Storage([1], label: $0), dtype: .uint8, shape: [1])) })
  }

  /// What is read of the records of a plan once they were written to a file.
  private func records(_ plan: Plan) throws -> [JSONValue] {
    try plan.reports.map { try JSONParser.parse(JSONWriter.bytes($0.record.json)) }
  }

  private func sources(_ name: String, _ steps: JSONValue...) -> [String]? {
    NameTrace(name, through: steps).sources
  }

  @Test func `follows the job that the tool was made for`() throws {
    let input = try dict(["stages.0.0.gamma", "norm.weight", "head.bias"])
    let plan = try Plan(of: input, steps: [Drop("norm*"), Drop("head*"), Replicate("model.{0..3}.")])
    let trace = NameTrace("model.2.stages.0.0.gamma", through: try records(plan))
    #expect(trace.sources == ["stages.0.0.gamma"])
    #expect(trace.steps.map(\.before) == [["stages.0.0.gamma"], ["stages.0.0.gamma"], ["stages.0.0.gamma"]])
    #expect(trace.steps[2].after == ["model.2.stages.0.0.gamma"])
    #expect(trace.steps.map(\.text) == plan.reports.map(\.summary))
  }

  @Test func `without steps is the name`() { #expect(sources("a") == ["a"]) }

  @Test func `cannot tell what nobody recorded`() {
    #expect(sources("b.a", ["add-prefix": "b."]) == ["a"])
    #expect(sources("a", ["add-prefix": "b."]) == nil)
    #expect(sources("a", ["strip-prefix": "b."]) == nil)
    #expect(sources("a", ["rename": "b", "to": "a"]) == nil)
    #expect(sources("a", ["concat": "{b,c}", "to": "a"]) == nil)
    #expect(sources("a", ["naming": "timm"]) == nil)
    #expect(sources("a", ["frobnicate": "b"]) == nil)
    #expect(sources("a", ["slice": "a"]) == nil)
  }

  @Test func `shows the texts of the old schema, and does not follow them`() {
    let trace = NameTrace(
      "b.a", through: ["drop \"x\"", "replicate under \"m.{0,1}.\"", ["add-prefix": "b."]])
    #expect(trace.sources == nil)
    #expect(trace.steps.map(\.text) == ["drop \"x\"", "replicate under \"m.{0,1}.\"", "add prefix \"b.\""])
    #expect(trace.steps.map(\.before) == [nil, nil, ["a"]])
    #expect(trace.steps.map(\.after) == [nil, ["a"], ["b.a"]])
  }

  @Test func `leaves out what no earlier step can have made`() throws {
    let plan = try Plan(of: try dict(["c"]), steps: [AddPrefix("x."), Replicate("{a.,a.x}")])
    let trace = NameTrace("a.x.c", through: try records(plan))
    #expect(trace.sources == ["c"] && !trace.isAmbiguous && trace.steps[1].before == ["x.c"])
    // Nothing tells whether it was copied under one prefix or the other.
    let other = try Plan(of: try dict(["x.c", "c"]), steps: [Replicate("{a.,b.,a.x}")])
    let two = NameTrace("a.x.c", through: try records(other))
    #expect(two.sources == ["x.c", ".c"] && two.isAmbiguous)
  }

  // MARK: Every step

  /// A step of each kind, what it is done to, and what else there is.
  struct Case: CustomTestStringConvertible {
    let step: any Step
    let input: StateDict
    let inputs: Inputs

    var testDescription: String { step.summary }
  }

  private static func cases() throws -> [Case] {
    func tensor(_ shape: [Int]) throws -> Tensor {
      try Tensor(floats: [Float](repeating: 0.5, count: shape.reduce(1, *)), shape: shape)
    }
    let sample = try StateDict(
      [
        ("c.conv.weight", [4, 3, 1, 1]), ("c.conv.bias", [4]), ("c.bn.weight", [4]), ("c.bn.bias", [4]),
        ("c.bn.running_mean", [4]), ("c.bn.running_var", [4]), ("d.conv.weight", [2, 3, 1, 1]),
        ("d.bn.running_mean", [2]), ("d.bn.running_var", [2]), ("free.conv.weight", [2, 3, 1, 1]),
        ("b.0.q.w", [4, 2]), ("b.0.k.w", [4, 2]), ("b.0.v.w", [4, 2]), ("b.1.q.w", [4, 2]),
        ("b.1.k.w", [4, 2]), ("b.1.v.w", [2, 2]), ("b.2.qkv.w", [6, 2]), ("e.10.w", [2]), ("e.9.w", [2]),
        ("e.w.odd{*", [2]),
        ("module.x", [2]), ("optimizer.lr", [1]), ("model.0.stages.0.g", [1]), ("model.0.stages.1.g", [1]),
        ("model.1.stages.1.g", [1]), ("wn.weight_g", [4, 1]), ("wn.weight_v", [4, 2]),
        ("p.parametrizations.weight.original0", [1, 2]), ("p.parametrizations.weight.original1", [4, 2]),
        ("sn.weight_orig", [4, 2]), ("sn.weight_u", [4]), ("sn.weight_v", [2]),
        ("s.parametrizations.w.original", [4, 2]), ("s.parametrizations.w.0._u", [4]),
        ("s.parametrizations.w.0._v", [2]), ("pos_embed", [1, 5, 3]),
      ].map { .init(name: $0.0, tensor: try tensor($0.1)) })
    var inputs = Inputs()
    inputs.siblings = ["model_ema"]
    inputs.sibling = { _ in sample }
    inputs.checkpoint = { name in
      switch name {
      case "part": try StateDict(sample.entries.filter { $0.name.hasPrefix("b.") })
      case "new":
        try StateDict(sample.entries.map { .init(name: "new.\($0.name)", tensor: $0.tensor) })
      default: sample
      }
    }
    let flat = try StateDict(
      ["model.a", "ema.a", "ema.b"].map { .init(name: $0, tensor: try tensor([1])) })
    var add = Graft.Options()
    (add.unexpected, add.excluded) = (.add, ["b.0.*"])
    var byOrder = Graft.Options()
    byOrder.byOrder = true
    let range = try #require(SliceRange("0:1"))
    let steps: [any Step] = [
      Drop("b.*", "e.#.w"), Keep("b.*"), Rename("b.#.?.w", to: "{2}.{1}"), Rename("b.*", to: "x.{1}"),
      MapNames(["b.#.*": "n.{1}.{2}", "e.#.w": "b.{1}"]), MapNames(["n.*": "b.*"], reversed: true),
      MapNames(["b.#.*": "n.{1}.{2}"], rest: .drop), AddPrefix("é."), StripPrefix("module."),
      StripPrefix("b."), Replicate("m.{0..3}."), LiveOnly(), Tie("b.0.q.w", to: "b.0.k.w"), Untie("b.*"),
      CastTo("float16", "b.*"), Transpose("b.*"), Permute("b.*", order: [1, 0]), Reshape("b.*", to: [-1]),
      Slice("b.*", range: range), Concat("b.#.{q,k,v}.w", to: "b.{1}.all"), Concat("b.*", to: "one"),
      Stack("e.#.w", to: "e.w"), Split("b.2.qkv.w", to: "b.2.{q,k,v}.w"), Fill("b.*", with: .zeros),
      AdaptInput("c.conv.weight", channels: 1), FuseBatchNorm("*.conv", with: "*.bn"),
      FuseBatchNorm("d.conv", with: "d.bn", epsilon: 1e-3, isTransposed: false),
      FoldNormalization("c.conv.weight"), Average("other", "third"), Average(["other"], complex: true),
      GraftFrom("part"),
      GraftFrom("part", add), GraftFrom("new", byOrder), Merge("new"), RemoveWeightNorm("*"),
      RemoveSpectralNorm("s*"), Interpolate("pos_embed", to: [3, 4]), TakeEMA(), StripOptimizer(),
    ]
    let schemes = NamingScheme.targets.filter { $0.stageCount == 4 && $0.has(.finalNorm) }
    let networks = try schemes.flatMap { from in
      try schemes.flatMap { to in
        try [true, false].map { mayHaveClassifier in
          // DINOv3 has none, and its final norm twice.
          let isDINOv3 = [from, to].contains { !$0.has(.classifier) || $0.required != nil }
          let hasClassifier = mayHaveClassifier && !isDINOv3
          var network = Network(scheme: from, prefix: "module.", hasClassifier: hasClassifier)
          network.depths = (0..<4).map { _ in Int.random(in: 1...3) }
          network.hasFinalNorm = hasClassifier || isDINOv3 || .random()
          network.isVersion2 =
            mayHaveClassifier && .random() && [from, to].allSatisfy { $0.has(.responseNorm) }
          return Case(step: AdoptNaming(to), input: try network.dict, inputs: Inputs())
        }
      }
    }
    return steps.map {
      Case(
        step: $0, input: sample,
        inputs: $0 is TakeEMA || $0 is Average || $0 is GraftFrom || $0 is Merge ? inputs : Inputs()
      )
    }
      + networks + [Case(step: TakeEMA(), input: flat, inputs: Inputs())]
  }

  /// The example of every step that there is, done to names that the examples have.
  private static func examples() throws -> [Case] {
    let names = [
      "norm.w", "head.weight", "head.bias", "stages.0.x", "blocks.0.x", "stem.x", "lm_head.weight",
      "embed.weight", "b.q.weight", "b.k.weight", "b.v.weight", "c.qkv.weight", "experts.0.weight",
      "experts.1.weight",
      "downsample_layers.0.0.weight", "downsample_layers.0.0.bias", "model.0.stages.1.x",
    ]
    let input = try StateDict(
      names.map { name in
        let down = name.hasSuffix("bias") ? [3] : [3, 1, 1, 1]
        let shape = name.hasPrefix("down") ? down : [12, 8]
        let count = shape.reduce(1, *)
        return .init(
          name: name, tensor: try Tensor(floats: [Float](repeating: 1, count: count), shape: shape))
      })
    var inputs = Inputs()
    // Those of merge share no key.
    inputs.checkpoint = { name in
      if !name.hasSuffix("encoder.pth") { return input }
      return try StateDict(input.entries.map { .init(name: "\(name).\($0.name)", tensor: $0.tensor) })
    }
    let model = try ModelFile(SmallModelFile.with(), name: "small.yaml")
    inputs.modelFile = { _, _, _ in model }
    let part = try StateDict(model.initialStateDict().entries.filter { $0.name.hasPrefix("model.4.") })
    return try StepRegistry.standard.schemas.map { schema in
      let recipe = try Recipe(Array("recipe: 1\nsteps: [\(schema.example)]\n".utf8), name: schema.verb)
      let step = recipe.steps[0].step
      let own =
        step is AdoptNaming ? try Network(scheme: .facebookresearch).dict : step is Complete ? part : input
      return Case(step: step, input: own, inputs: inputs)
    }
  }

  @Test(arguments: try Self.cases() + Self.examples())
  func `names exactly the origins that the plan knows`(_ sample: Case) throws {
    // A table with `rest: error` has no row for most.
    let steps = [
      (sample.step as? MapNames).map { MapNames($0.table, reversed: $0.isReversed) } ?? sample.step
    ]
    let plan = try Plan(
      of: sample.input, steps: steps.map { PlannedStep($0, allowsUnmatched: true) }, with: sample.inputs)
    for (entry, origins) in zip(plan.output.entries, plan.origins) {
      let trace = NameTrace(entry.name, through: try records(plan))
      #expect(Set(trace.sources ?? ["?"]) == Set(origins), "\(entry.name)")
      #expect(trace.sources?.count == Set(origins).count && !trace.isAmbiguous, "\(entry.name)")
    }
  }

  @Test func `agrees with what surgery does`() throws {
    let names = ["a.0.x", "a.1.x", "b.a.y", "b.2", "m.a.0.x", "x"]
    let makers: [() -> any Step] = [
      { AddPrefix(["m.", "b.", "x"].randomElement() ?? "m.") },
      { StripPrefix(["m.", "b.", "a.0."].randomElement() ?? "m.") },
      { Replicate(["m.{0..2}.", "{a,b}.", "x."].randomElement() ?? "x.") }, { Drop("x*", "q*") },
      { Keep("*.*") },
      { Rename("a.#.*", to: "c.{1}.{2}") }, { Rename("*.#.x", to: "*.x.*") }, { Rename("b.*", to: "{&}.b") },
      { Rename("?.*", to: "{2}.{1}") }, { Rename("{a,b}.*", to: "q{1}.*") },
      { Rename("[a-m].*", to: "[{1}].*") }, { Rename("re:/(.)(.*)/", to: "{2}{1}") },
      { Tie("*.x", to: "a.0.x") },
      { Fill("*.y", with: .zeros) }, { Concat("a.#.x", "m.*", to: "j") }, { Stack("*.#.x", to: "{1}.s") },
      { Split("*", to: "{&}.p") }, { MapNames(["a.*": "b.*", "b.*": "a.*"]) },
    ]
    var (told, exact) = (0, 0)
    for _ in 0..<3000 {
      let steps = (0..<Int.random(in: 1...4)).compactMap { _ in makers.randomElement()?() }
      let planned = steps.map { PlannedStep($0, allowsUnmatched: .random()) }
      guard let plan = try? Plan(of: dict(names.filter { _ in .random() }), steps: planned) else { continue }
      let records = try records(plan)
      for (entry, origins) in zip(plan.output.entries, plan.origins) {
        let trace = NameTrace(entry.name, through: records)
        guard let sources = trace.sources else { continue }
        told += 1
        exact += trace.isAmbiguous ? 0 : 1
        #expect(
          trace.isAmbiguous ? Set(origins).isSubset(of: sources) : Set(origins) == Set(sources),
          "\(entry.name) \(plan.reports.map(\.summary))")
      }
    }
    #expect(told > 1000 && exact > 900, "\(told) \(exact)")
  }
}
