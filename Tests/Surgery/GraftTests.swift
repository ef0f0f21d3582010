import SutureJSON
import SutureText
import SutureTensors
import Testing

@testable import SutureSurgery

@Suite struct `A graft` {
  private func dict(_ entries: [(String, Tensor)]) throws -> StateDict {
    try StateDict(entries.map { .init(name: $0.0, tensor: $0.1) })
  }

  private func floats(_ values: Float...) throws -> Tensor {
    try Tensor(floats: values, shape: [values.count])
  }

  private func half(_ bytes: [UInt8]) throws -> Tensor {
    try Tensor(Storage(bytes), dtype: .float16, shape: [bytes.count / 2])
  }

  private func refusal(
    _ part: StateDict, _ base: StateDict, _ change: (inout Graft.Options) -> Void = { _ in }
  )
    throws -> SurgeryError?
  {
    var options = Graft.Options()
    change(&options)
    do {
      _ = try Graft(part, onto: base, options)
      return nil
    } catch { return error }
  }

  @Test func `is update, in the base's order and dtype`() throws {
    let base = try dict([("a", try floats(1, 2)), ("b", try floats(3)), ("c", try half([0, 0x3C]))])
    let part = try dict([("c", try floats(2)), ("a", try half([0, 0x40, 0, 0x42]))])
    let graft = try Graft(part, onto: base)
    #expect(graft.output.names == ["a", "b", "c"])
    #expect(graft.replaced == ["a", "c"] && graft.stayed == ["b"])
    #expect(graft.output.entries.map(\.tensor.dtype) == [.float32, .float32, .float16])
    #expect(try graft.output["a"]?.floats() == [2, 3])
    #expect(try graft.output["b"]?.floats() == [3])
    #expect(try graft.output["c"]?.floats() == [2])
    #expect(graft.recast.map(\.name) == ["a", "c"])
    #expect(graft.recast.map(\.to) == [.float32, .float16])
  }

  @Test func `keeps what shares a storage shared`() throws {
    let one = try floats(1)
    let base = try dict([("a", try floats(0)), ("b", try floats(0))])
    #expect(try Graft(try dict([("a", one), ("b", one)]), onto: base).output.storages.count == 1)
  }

  @Test func `refuses what does not fit, key by key`() throws {
    let base = try dict([("a", try floats(1, 2)), ("n", try Tensor(Storage([1]), dtype: .int8, shape: [1]))])
    let shapes = try #require(try refusal(try dict([("a", try floats(1))]), base))
    #expect(shapes.cause == .doesNotFit && shapes.kind == .doesNotFit)
    #expect(
      shapes.description == """
        1 of 1 common keys do not fit the base
          a: [1] in the part, [2] in the base
        """)
    #expect(try refusal(try dict([("n", try floats(1))]), base)?.cause == .doesNotFit)
    let unexpected = try dict([("a", try floats(1, 2)), ("z.0", try floats(1)), ("z.1", try floats(1))])
    let error = try #require(try refusal(unexpected, base))
    #expect(error.cause == .impossible && error.remedies.first == "z.{0..1}  (2)")
    var options = Graft.Options()
    options.unexpected = .drop
    #expect(try Graft(unexpected, onto: base, options).output.names == ["a", "n"])
    options.unexpected = .add
    #expect(try Graft(unexpected, onto: base, options).output.names == ["a", "n", "z.0", "z.1"])
    #expect(try refusal(unexpected, base) { $0.excluded = ["z*"] } == nil)
    #expect(try refusal(unexpected, base) { $0.excluded = ["y*"] }?.cause == .noMatch)
    #expect(try refusal(unexpected, base) { $0.excluded = ["{z"] }?.cause == .badPattern)
    let part = try dict([("a", try floats(1, 2))])
    #expect(try refusal(part, base) { $0.expected = 2 }?.cause == .expectation)
    #expect(try refusal(part, base) { $0.allowedMissing = ["m*"] }?.cause == .expectation)
    #expect(try refusal(part, base) { $0.allowedMissing = ["n"] } == nil)
  }

  @Test func `merges files of different keys where they are to be added`() throws {
    let base = try dict([("a", try floats(1))])
    let part = try dict([("b", try half([0, 0x40]))])
    #expect(try refusal(part, base)?.cause == .noMatch)
    #expect(try refusal(part, base) { $0.unexpected = .drop }?.cause == .noMatch)
    var options = Graft.Options()
    options.unexpected = .add
    let merged = try Graft(part, onto: base, options)
    #expect(merged.output.names == ["a", "b"] && merged.replaced.isEmpty && merged.unexpected == ["b"])
    #expect(merged.output["b"]?.dtype == .float16)
    #expect(try refusal(StateDict(), base) { $0.unexpected = .add }?.cause == .noMatch)
  }

  @Test func `into one of several tied names says what it does to the others`() throws {
    let one = try floats(1, 2)
    let base = try dict([("embed", one), ("head", one), ("free", try floats(3))])
    let half = try Graft(try dict([("head", try floats(5, 6))]), onto: base)
    #expect(half.untied == [.init(names: ["head"], others: ["embed"])])
    #expect(try half.output["embed"]?.floats() == [1, 2])
    #expect(
      half.untied[0].sentence.hasPrefix(
        "embed was one tensor with head in the base, and has other elements now"))
    let apart = try Graft(try dict([("head", try floats(5, 6)), ("embed", try floats(7, 8))]), onto: base)
    #expect(apart.untied == [.init(names: ["embed"], others: ["head"])])
    let other = try floats(5, 6)
    #expect(try Graft(try dict([("head", other), ("embed", other)]), onto: base).untied.isEmpty)
    #expect(try Graft(try dict([("free", try floats(4))]), onto: base).untied.isEmpty)
    // So does the step.
    var inputs = Inputs()
    inputs.checkpoint = { _ in try StateDict([.init(name: "head", tensor: other)]) }
    let plan = try Plan(of: base, steps: [PlannedStep(GraftFrom("p"))], with: inputs)
    #expect(plan.reports[0].notes.contains(half.untied[0].sentence))
  }

  @Test func `may exclude nothing where that is allowed`() throws {
    let base = try dict([("a", try floats(1))])
    var inputs = Inputs()
    inputs.checkpoint = { _ in base }
    var options = Graft.Options()
    options.excluded = ["y*"]
    let step = GraftFrom("p", options)
    let refused = #expect(throws: SurgeryError.self) {
      try Plan(of: base, steps: [PlannedStep(step)], with: inputs)
    }
    #expect(refused?.cause == .noMatch && refused?.reason.contains("\"y*\", which is excluded") == true)
    let plan = try Plan(of: base, steps: [step.allowingUnmatched], with: inputs)
    #expect(plan.reports[0].matched == 1 && plan.reports[0].record.resolved["unmatched"] == ["y*"])
    #expect(plan.reports[0].notes.contains { $0.contains("which is excluded, which is allowed") })
    // Of a pattern that fits something a choice that does not is told.
    options.excluded = ["{b,c}*"]
    inputs.checkpoint = { _ in
      try StateDict(["a", "b"].map { .init(name: $0, tensor: try Tensor(floats: [1], shape: [1])) })
    }
    let told = try Plan(of: base, steps: [PlannedStep(GraftFrom("p", options))], with: inputs)
    #expect(told.reports[0].notes.contains("no key fits \"c\" of {b,c} in \"{b,c}*\""))
    // What else does not fit is refused all the same.
    inputs.checkpoint = { _ in try StateDict([.init(name: "z", tensor: try Tensor(floats: [1], shape: [1]))])
    }
    #expect(throws: SurgeryError.self) { try Plan(of: base, steps: [step.allowingUnmatched], with: inputs) }
  }

  @Test func `is a step too`() throws {
    let base = try dict([("a", try floats(1, 2)), ("b", try floats(3))])
    let part = try dict([("a", try half([0, 0x40, 0, 0x42])), ("z", try floats(4))])
    var inputs = Inputs()
    inputs.checkpoint = { _ in part }
    var options = Graft.Options()
    options.unexpected = .add
    let steps = [PlannedStep(GraftFrom("p.pth", options)), PlannedStep(AddPrefix("m."))]
    let plan = try Plan(of: base, steps: steps, with: inputs)
    #expect(plan.output.names == ["m.a", "m.b", "m.z"])
    #expect(try plan.output["m.a"]?.floats() == [2, 3])
    #expect(plan.origins == [[], ["b"], []] && plan.accounting.replaced == ["a"])
    let trace = NameTrace("m.a", through: plan.reports.map(\.record.json))
    #expect(trace.sources == [] && trace.steps[0].foreign == [.init(file: "p.pth", name: "a")])
    let refused = #expect(throws: SurgeryError.self) { try Plan(of: base, steps: [GraftFrom("p.pth")]) }
    #expect(refused?.description.contains("there is no way to open the checkpoint p.pth") == true)
  }

  @Test func `guesses the prefix where nothing overlaps`() throws {
    let base = try dict([("model.a.w", try floats(1))])
    let part = try dict([("a.w", try floats(1))])
    #expect(
      try refusal(part, base)?.remedies.contains(
        .setting("add-prefix", value: "model.", "puts it before the part's keys")) == true)
    #expect(
      try refusal(base, part)?.remedies.contains(
        .setting("strip-prefix", value: "model.", "takes it from the part's keys")) == true)
    #expect(try refusal(try dict([("x", try floats(1))]), base)?.cause == .noMatch)
  }

  @Test func `by order pairs what lies at the same place, whatever it is called`() throws {
    let base = try dict([("a", try floats(1)), ("skip", try floats(9, 9)), ("b", try half([0, 0x3C]))])
    let part = try dict([("x", try floats(5)), ("y", try floats(2))])
    var options = Graft.Options()
    (options.byOrder, options.allowedMissing) = (true, ["skip"])
    let graft = try Graft(part, onto: base, options)
    #expect(graft.pairs.map { "\($0.key) \($0.part)" } == ["a x", "b y"])
    #expect(graft.replaced == ["a", "b"] && graft.stayed == ["skip"] && graft.unexpected.isEmpty)
    #expect(try graft.output["b"]?.floats() == [2] && graft.output["b"]?.dtype == .float16)
    let wrong = try refusal(part, base) { $0.byOrder = true }
    #expect(
      wrong?.reason == "by their order, tensor 2 does not fit" && wrong?.description.contains("skip") == true)
    let few = try refusal(try dict([("x", try floats(5))]), base) { options in
      (options.byOrder, options.allowedMissing) = (true, ["skip"])
    }
    #expect(few?.description.contains("without a partner: b") == true)
  }

  @Test func `that only merges refuses a key that is there`() throws {
    let base = try dict([("a", try floats(1))])
    var inputs = Inputs()
    inputs.checkpoint = { [self] name in
      try dict([(name == "same" ? "a" : "b", try floats(2)), ("c.\(name)", try floats(3))])
    }
    let plan = try Plan(of: base, steps: [PlannedStep(Merge("one"))], with: inputs)
    #expect(plan.output.names == ["a", "b", "c.one"])
    let error = #expect(throws: (any Error).self) {
      _ = try Plan(of: base, steps: [PlannedStep(Merge("one", "same"))], with: inputs)
    }
    #expect("\(error.map { "\($0)" } ?? "")".contains("1 of the 2 keys of same are here already"))
    #expect(throws: (any Error).self) {
      // They share b.
      _ = try Plan(of: base, steps: [PlannedStep(Merge("one", "two"))], with: inputs)
    }
  }
}
