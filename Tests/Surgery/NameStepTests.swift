import SutureArchitectures
import SutureJSON
import SutureTensors
import SutureText
import Testing

@testable import SutureSurgery

@Suite struct `Steps on names` {
  private func dict(_ names: [String]) throws -> StateDict {
    try StateDict(
      names.map { .init(name: $0, tensor: try Tensor(Storage([1], label: $0), dtype: .uint8, shape: [1])) })
  }

  private func names(_ names: [String], @StepBuilder _ steps: () -> [PlannedStep]) throws -> [String] {
    try Plan(of: try dict(names), steps: steps()).output.names
  }

  private func names(_ names: [String], _ steps: any Step...) throws -> [String] {
    try Plan(of: try dict(names), steps: steps).output.names
  }

  private func steps(_ steps: any Step...) -> [PlannedStep] { steps.map { PlannedStep($0) } }

  @Test func `near misses are shown`() throws {
    let all = ["norm.weight", "a.norm.weight", "b.norm.bias", "gamma", "x.gamma", "c.bias"]
    func notes(_ step: any Step) throws -> [String] {
      try Plan(of: try dict(all), steps: [step]).reports[0].notes
    }
    #expect(
      try notes(Drop("norm*")) == [
        "kept 2 keys that contain \"norm\" but do not start with it, such as a.norm.weight"
      ])
    #expect(
      try notes(Drop("gamma")) == ["kept 1 key that contains \"gamma\" but is not all of it, such as x.gamma"]
    )
    #expect(
      try notes(Keep("*bias", "norm*"))[0]
        == "dropped 1 key that contains \"norm\" but does not start with it, such as a.norm.weight")
    #expect(try notes(Rename("*norm.bias", to: "y")).isEmpty)
    #expect(try notes(Untie("norm*"))[0].hasPrefix("left alone 2 keys"))
  }

  @Test func `a table renames, and read backwards undoes it`() throws {
    let table: KeyValuePairs = [
      "stem.{0,1}.*": "downsample_layers.0.{1}.{2}",
      "stages.#.blocks.#.conv_dw.*": "stages.{1}.{2}.dwconv.{3}",
      "head.fc.?[ei]*": "head.{1}{2}{3}", "x[[]\\#*": "odd.{&}",
    ]
    let before = [
      "stem.0.weight", "stem.1.bias", "stages.0.blocks.12.conv_dw.weight", "head.fc.weight", "x[#1", "other",
    ]
    let after = [
      "downsample_layers.0.0.weight", "downsample_layers.0.1.bias", "stages.0.12.dwconv.weight",
      "head.weight",
      "odd.x[#1", "other",
    ]
    #expect(try names(before, MapNames(table)) == after)
    #expect(try names(after, MapNames(table, reversed: true)) == before)
    let swapped: KeyValuePairs = ["a.#.b.*": "b.{2}.a.{1}"]
    #expect(try names(["a.1.b.c"], MapNames(swapped)) == ["b.c.a.1"])
    #expect(try names(["b.c.a.1"], MapNames(swapped, reversed: true)) == ["a.1.b.c"])
    #expect(try names(["a", "b"], MapNames(["a": "x"], rest: .drop)) == ["x"])
  }

  @Test func `a table that is ambiguous, incomplete or one-way is refused`() throws {
    func kind(_ step: any Step) throws -> SurgeryError.Cause? {
      do {
        _ = try Plan(of: try dict(["a.1", "b.1"]), steps: [step])
        return nil
      } catch let error as SurgeryError { return error.cause }
    }
    #expect(try kind(MapNames(["a.*": "x.*", "*.1": "y.*"])) == .collision)
    #expect(try kind(MapNames(["a.*": "x", "b.*": "x"])) == .collision)
    #expect(try kind(MapNames(["a.*": "x.*"], rest: .error)) == .noMatch)
    #expect(try kind(MapNames(["c": "d"])) == .noMatch)
    #expect(try kind(MapNames(["a.*": "{x,y}.*"])) == .badPattern)
    for row in [
      ("re:/a.(.*)/", "b.{1}"), ("!a", "b"), ("a.*", "b"), ("a.*", "{1}.{1}"), ("a.*", "{2}"),
      ("a.*", "{x,y}.*"),
      ("a\\{*", "b.*"), ("a.{1", "b"), ("a.[1", "b"), ("a\\", "b"), ("a", "b{"),
      ("a.*", "{9223372036854775807}"),
    ] {
      #expect(try kind(MapNames([row], reversed: true)) == .badPattern, "\(row)")
    }
  }

  @Test func `an optional step may match nothing, but not fail otherwise`() throws {
    let found = try names(["a"]) {
      Drop("b").allowingUnmatched
      StripPrefix("x.").allowingUnmatched
      AddPrefix("y.")
    }
    #expect(found == ["y.a"])
    #expect(throws: SurgeryError.self) { try names(["a", "b"]) { Rename("*", to: "c").allowingUnmatched } }
    #expect(throws: SurgeryError.self) { try names(["a"]) { Drop("{a").allowingUnmatched } }
    #expect(throws: SurgeryError.self) { try names(["a", "b"]) { Tie("a", to: "c").allowingUnmatched } }
    #expect(throws: SurgeryError.self) {
      try names(["a", "b"]) { MapNames(["a": "x"], rest: .error).allowingUnmatched }
    }
  }

  @Test func `each pattern of a step counts by itself`() throws {
    let all = ["norm.weight", "norm.bias", "x.weight"]
    #expect(try names(all) { Drop("norm*", "head*").allowingUnmatched } == ["x.weight"])
    #expect(try names(all) { Keep("head*", "norm*").allowingUnmatched } == ["norm.weight", "norm.bias"])
    let plan = try Plan(of: try dict(all), steps: [Drop("norm*", "head*").allowingUnmatched])
    #expect(plan.reports[0].matched == 2 && plan.reports[0].summary == "drop \"norm*\", \"head*\"")
    #expect(plan.reports[0].notes == ["\"head*\" matched no keys, which is allowed"])
    #expect(plan.reports[0].record.resolved["unmatched"] == ["head*"])
    let vain = try Plan(of: try dict(all), steps: [Drop("head*").allowingUnmatched])
    #expect(vain.reports[0].summary == "drop \"head*\", if there is any: there was none")
    let error = #expect(throws: SurgeryError.self) {
      try Plan(of: try dict(all), steps: [Drop("norm*", "Head*")])
    }
    #expect(
      error?.reason == "step 1 (drop \"norm*\", \"Head*\") matched no keys with \"Head*\"")
  }

  @Test func `a choice in braces that fits nothing is told`() throws {
    let all = ["a.weight", "a.bias", "ab.weight", "c.weight", "n.0.w", "n.12.w"]
    func notes(_ step: any Step) throws -> [String] {
      try Plan(of: try dict(all), steps: [step]).reports[0].notes.filter { $0.hasPrefix("no key fits") }
    }
    #expect(try notes(Drop("{a,b}.weight")) == ["no key fits \"b\" of {a,b} in \"{a,b}.weight\""])
    #expect(
      try notes(Keep("{a,x}.{weight,bias,scale}")) == [
        "no key fits \"x\" of {a,x} in \"{a,x}.{weight,bias,scale}\"",
        "no key fits \"scale\" of {weight,bias,scale} in \"{a,x}.{weight,bias,scale}\"",
      ])
    // Not every pair has to be there, and what two choices fit counts for both.
    #expect(try notes(Drop("{a,c}.{weight,bias}")).isEmpty)
    #expect(try notes(Drop("{a,ab}*.weight")).isEmpty && notes(Drop("n.{1,12}*.w", "n.0.w")).isEmpty)
    #expect(try notes(Rename("{a,z}.*", to: "q.{2}")) == ["no key fits \"z\" of {a,z} in \"{a,z}.*\""])
    #expect(try notes(MapNames(["{a,z}.*": "q.{2}"])) == ["no key fits \"z\" of {a,z} in \"{a,z}.*\""])
    #expect(try notes(CastTo("float16", "{a,z}.weight", except: ["{c,y}.*"])).count == 2)
    #expect(try notes(Drop("n.{0..99}.w")).count == 1)
  }

  @Test func `what may match nothing hides no other refusal, and undoes nothing`() throws {
    func cause(_ names: [String], _ step: any Step) throws -> SurgeryError.Cause? {
      do {
        _ = try Plan(of: try dict(names), steps: [step.allowingUnmatched])
        return nil
      } catch let error as SurgeryError { return error.cause }
    }
    #expect(try cause(["a", "b"], MapNames(["a": "x", "c": "y"], rest: .error)) == .noMatch)
    #expect(try cause(["a", "b"], MapNames(["c": "y"], rest: .error)) == .noMatch)
    #expect(try cause(["a", "b"], MapNames(["c": "y"], rest: .drop)) == .empty)
    #expect(try cause(["a", "b"], MapNames(["a": "b", "c": "y"])) == .collision)
    #expect(try cause(["a"], Permute(["a", "c"], order: [0, 1, 2])) == .doesNotFit)
    // A ConvNeXt V2 without a stem's norm is no ConvNeXt that could be missing.
    let version2 = ["stem.0.weight", "stages.0.blocks.0.conv_dw.weight", "stages.0.blocks.0.mlp.grn.weight"]
    #expect(try cause(version2, AdoptNaming(.torchvision)) == .impossible)
    #expect(try cause(["fc.weight"], AdoptNaming(.torchvision)) == nil)

    let table: KeyValuePairs = ["a": "x", "c": "y"]
    #expect(try names(["a", "b"]) { MapNames(table, rest: .drop).allowingUnmatched } == ["x"])
    let floats = try StateDict([.init(name: "a", tensor: try Tensor(floats: [1], shape: [1]))])
    let cast = try Plan(of: floats, steps: [CastTo("float16", "*", except: ["*bn*"]).allowingUnmatched])
    #expect(cast.output["a"]?.dtype == .float16 && cast.reports[0].matched == 1)
    #expect(cast.reports[0].notes == ["\"*bn*\" matched no keys, which is allowed"])
    #expect(throws: SurgeryError.self) {
      try Plan(of: floats, steps: [CastTo("float16", "*", except: ["*bn*"])])
    }
  }

  @Test func `a guess is made where it is plain, and counted; otherwise what there is is told`() throws {
    func remedies(_ all: [String], _ pattern: String) throws -> [String] {
      let error = #expect(throws: SurgeryError.self) { try Plan(of: try dict(all), steps: [Drop(pattern)]) }
      return error?.remedies.map(\.description) ?? []
    }
    let deep = ["stem.weight", "s.0.norm.weight", "s.1.norm.weight", "head.norm.weight"]
    #expect(
      try remedies(deep, "norm*") == [
        "there are 3 keys that contain \"norm\" but do not start with it, such as s.0.norm.weight"
      ])
    #expect(
      try remedies(["norm.w", "norm.b"], "Norm*") == ["did you mean \"norm*\"? it matches norm.w and norm.b"])
    #expect(try remedies(["norm.w", "x"], "norm") == ["did you mean \"norm.*\"? it matches norm.w"])
    let wrapped = ["m.norm.a", "m.norm.b", "m.norm.c", "m.x"]
    #expect(
      try remedies(wrapped, "norm*") == [
        "did you mean \"m.norm*\"? it matches 3 keys: m.norm.a, m.norm.b and 1 more"
      ])
    // A key that differs in a letter is another key.
    #expect(try remedies(["q_proj.weight", "x"], "k_proj.weight") == ["the nearest key is q_proj.weight"])
    #expect(try remedies(["e\u{301}.w"], "\u{e9}.w")[0].contains("looks the same, and has other code points"))
  }

  @Test func `the EMA and the optimizer are found beside the weights and among them`() throws {
    let (weights, ema) = (try dict(["a", "b"]), try dict(["a", "b", "c"]))
    var inputs = Inputs()
    inputs.siblings = ["optimizer.state", "model_ema"]
    inputs.extras = ["epoch", "optimizer.param_groups.0.lr", "scaler.scale"]
    inputs.sibling = { path in
      #expect(path == "model_ema")
      return ema
    }
    let plan = try Plan(
      of: weights, steps: steps(TakeEMA(), StripOptimizer(), Drop("c")),
      expecting: PlanExpectation(output: 2), with: inputs)
    #expect(plan.input.count == 3 && plan.accounting.dropped == ["c"])
    #expect(plan.stripped.isSuperset(of: ["optimizer", "scaler"]) && !plan.stripped.contains("epoch"))
    #expect(plan.reports[1].matched == 3)
    #expect(plan.output.storages[0] === ema.storages[0])
    #expect(throws: SurgeryError.self) {
      try Plan(of: weights, steps: steps(Drop("a"), TakeEMA()), with: inputs)
    }
    #expect(throws: SurgeryError.self) { try Plan(of: weights, steps: [TakeEMA()]) }
    #expect(throws: SurgeryError.self) { try Plan(of: weights, steps: [StripOptimizer()]) }
    #expect(
      try names(["model.a", "model_ema.a", "optimizer.state.0"], StripOptimizer(), Drop("model.*")) == [
        "model_ema.a"
      ])
    #expect(try names(["model.a", "model_ema.a"], TakeEMA()) == ["a"])
  }

  @Test func `an optimizer is found by what it holds, whatever it is called`() throws {
    var inputs = Inputs()
    inputs.siblings = ["opt", "d_optim"]
    inputs.extras = [
      "opt.param_groups.0.lr", "d_optim.0.param_groups", "last_optimizer_state.param_groups.0.params.0",
      "epoch",
      "trainer.optimizer.param_groups.0.lr", "param_groups",
    ]
    let plan = try Plan(of: try dict(["a"]), steps: steps(StripOptimizer()), with: inputs)
    #expect(
      plan.stripped.subtracting(StripOptimizer.names) == ["opt", "d_optim", "last_optimizer_state"])
    #expect(plan.reports[0].matched == 5)
  }

  @Test func `only an optimizer's state is stripped from among the weights`() throws {
    let own = [
      "scaler.mean", "scaler.scale", "scaler", "amp.conv.weight", "scheduler.embed.weight", "optimizer.sum",
      "a",
    ]
    let state = [
      "optimizer.state.0.exp_avg", "optim.state.1.step", "grad_scaler._growth_tracker", "grad_scaler.scale",
    ]
    let plan = try Plan(of: try dict(own + state), steps: steps(StripOptimizer()))
    #expect(plan.output.names == own && plan.accounting.dropped.sorted() == state.sorted())
    #expect(plan.reports[0].notes.contains { $0.contains("scaler.mean") && $0.contains("kept") })
  }

  @Test func `an EMA that lacks keys is completed from the weights, and one of other names is refused`()
    throws
  {
    let weights = try dict(["bn.weight", "bn.running_mean", "bn.running_var"])
    var inputs = Inputs()
    inputs.siblings = ["model_ema"]
    let ema = try dict(["bn.weight"])
    inputs.sibling = { _ in ema }
    let plan = try Plan(of: weights, steps: steps(TakeEMA()), with: inputs)
    #expect(plan.output.names == ["bn.weight", "bn.running_mean", "bn.running_var"])
    #expect(plan.output["bn.weight"]?.storage === ema.storages[0])
    #expect(
      plan.reports[0].notes.contains {
        $0.hasPrefix("2 keys that it lacks are the weights' own: bn.running_mean")
      })
    let others = try dict(["shadow_params.0"])
    inputs.sibling = { _ in others }
    let error = #expect(throws: SurgeryError.self) {
      try Plan(of: weights, steps: steps(TakeEMA()), with: inputs)
    }
    #expect(error.map { "\($0)".contains("not those of the weights") } == true)
  }

  @Test func `expectations are kept`() throws {
    func refusal(_ change: (inout PlanExpectation) -> Void) throws -> String? {
      var expectation = PlanExpectation()
      change(&expectation)
      do {
        _ = try Plan(
          of: try dict(["a", "b"]), steps: steps(Drop("a"), Replicate("{x,y}.")), expecting: expectation)
        return nil
      } catch let error as SurgeryError {
        #expect(error.cause == .expectation)
        return error.reason
      }
    }
    #expect(
      try refusal { ($0.input, $0.dropped, $0.copied, $0.output, $0.storages, $0.kept) = (2, 1, 1, 2, 1, 0) }
        == nil)
    #expect(try refusal { $0.input = 3 } == "2 tensors come in, 3 were expected")
    #expect(try refusal { $0.dropped = 0 } == "1 tensor are dropped, 0 were expected")
    #expect(try refusal { $0.storages = 2 } == "the tensors lie on 1 storages, 2 were expected")
    #expect(try refusal { $0.has = ["y.b", "z*"] } == "no key \"z*\" comes out, and one was expected")
  }

  @Test func `a digest is that of the plan`() throws {
    let plan = { (names: [String], steps: [any Step]) in try Plan(of: try dict(names), steps: steps).digest }
    let digest = try plan(["a", "b"], [Drop("a")])
    #expect(digest.hasPrefix("sha256:") && digest.count == 71)
    #expect(try digest == plan(["a", "b"], [Drop("a")]))
    #expect(try digest != plan(["a", "b"], [Keep("b")]))
    #expect(try digest != plan(["a", "c"], [Drop("a")]))
    #expect(try plan(["a"], [Replicate("{x,y}.")]) != plan(["a"], [Replicate("{x,y}."), Untie("*")]))
  }
}
