import SutureText
import SutureTensors
import Testing

@testable import SutureSurgery

@Suite struct `A plan` {
  /// The names of a ConvNeXt-T, on storages of a byte.
  private var tiny: StateDict {
    get throws {
      var names: [String] = []
      for stage in 0..<4 {
        for part in ["0", "1"] {
          for kind in ["weight", "bias"] { names.append("downsample_layers.\(stage).\(part).\(kind)") }
        }
      }
      for (stage, depth) in [3, 3, 9, 3].enumerated() {
        for block in 0..<depth {
          for part in ["dwconv", "norm", "pwconv1", "pwconv2"] {
            for kind in ["weight", "bias"] { names.append("stages.\(stage).\(block).\(part).\(kind)") }
          }
          names.append("stages.\(stage).\(block).gamma")
        }
      }
      names += ["norm.weight", "norm.bias", "head.weight", "head.bias"]
      return try dict(names)
    }
  }

  private func dict(_ names: [String]) throws -> StateDict {
    try StateDict(
      names.map { .init(name: $0, tensor: try Tensor(Storage([1], label: $0), dtype: .uint8, shape: [1])) })
  }

  private func failure(_ names: [String], _ steps: [any Step], expecting: Int? = nil) throws -> SurgeryError?
  {
    do {
      _ = try Plan(of: try dict(names), steps: steps, expecting: expecting)
      return nil
    } catch let error as SurgeryError { return error }
  }

  @Test func `does the job that the tool was made for`() throws {
    let surgery = Surgery {
      Drop("norm*", "head*")
      Replicate("model.{0..3}.")
    }
    let input = try tiny
    #expect(input.count == 182)
    let plan = try surgery.plan(for: input, expecting: 712)
    #expect(plan.output.count == 712)
    #expect(plan.output.storages.count == 178)
    #expect(plan.storedByteCount == 178)
    #expect(plan.accounting.dropped == ["norm.weight", "norm.bias", "head.weight", "head.bias"])
    #expect(plan.accounting.copied.count == 178)
    #expect(plan.accounting.kept.isEmpty)
    #expect(plan.output.names[0] == "model.0.downsample_layers.0.0.weight")
    #expect(plan.output.names[178] == "model.1.downsample_layers.0.0.weight")
    #expect(plan.reports[0].notes[0].hasPrefix("kept 36 keys that contain \"norm\" but do not start with it"))
  }

  @Test func `applies steps in their order`() throws {
    let one = try Plan(of: try dict(["a.x"]), steps: [AddPrefix("b."), StripPrefix("b.a.")])
    #expect(one.output.names == ["x"])
    #expect(try failure(["a.x"], [StripPrefix("b.a."), AddPrefix("b.")])?.cause == .noMatch)
  }

  @Test func `renames by what the wildcards stand for`() throws {
    let names = ["stages.0.1.gamma", "stages.10.2.gamma"]
    let plan = try Plan(of: try dict(names), steps: [Rename("stages.#.#.*", to: "s{2}.{1}.{3}")])
    #expect(plan.output.names == ["s1.0.gamma", "s2.10.gamma"])
    let stars = try Plan(of: try dict(names), steps: [Rename("stages.*", to: "backbone.stages.*")])
    #expect(stars.output.names == names.map { "backbone." + $0 })
    let whole = try Plan(of: try dict(names), steps: [Rename("*", to: "x.{&}")])
    #expect(whole.output.names == names.map { "x." + $0 })
  }

  @Test func `replicated, cut back and stripped is what it was`() throws {
    let input = try tiny
    let plan = try Plan(
      of: input, steps: [Replicate("m.{0..3}."), Keep("m.2.*"), StripPrefix("m.2.")], expecting: input.count)
    #expect(plan.output.names == input.names)
  }

  @Test func `refuses a pattern that fits nothing, and guesses`() throws {
    let error = try #require(try failure(["norm.weight", "norm.bias", "x"], [Drop("x"), Drop("Norm*")]))
    #expect(error.cause == .noMatch)
    #expect(
      error.description == """
        step 2 (drop "Norm*") matched no keys
          did you mean "norm*"? it matches norm.weight and norm.bias
        """)
    #expect(try failure(["a"], [Drop("a", "b")])?.cause == .noMatch)
    #expect(try failure(["a"], [Keep("b")])?.cause == .noMatch)
    #expect(try failure(["a"], [Rename("b", to: "c")])?.cause == .noMatch)
    #expect(try failure(["a"], [StripPrefix("b")])?.cause == .noMatch)
  }

  @Test func `refuses two keys of one name`() throws {
    let error = try #require(try failure(["a.1", "a.2", "a.3"], [Rename("a.#", to: "b")]))
    #expect(error.cause == .collision)
    #expect(error.description.contains("a.1 and a.2 would both be \"b\""))
    #expect(error.description.contains("and 1 more"))
    #expect(try failure(["a"], [Replicate("{x,x}.")])?.cause == .collision)
  }

  @Test func `refuses another count than the expected, and an empty result`() throws {
    #expect(try failure(["a", "b"], [Drop("a")], expecting: 2)?.cause == .expectation)
    #expect(try failure(["a"], [Drop("*")])?.cause == .empty)
  }

  @Test func `tells a mistake in a pattern from a mistake in the plan`() throws {
    #expect(try failure(["a"], [Drop("{a")])?.cause == .badPattern)
    #expect(try failure(["a"], [Rename("a", to: "{x,y}")])?.cause == .badPattern)
    #expect(try failure(["a"], [Rename("a", to: "{2}")])?.cause == .badPattern)
    #expect(try failure(["a"], [Replicate("m.{0..3.")])?.cause == .badPattern)
  }
}
